import MawsBase
import MawsProtocol
import MawsRecords
import MawsReport
import Testing

/// The sentences that are made of the cores' facts.
@Suite struct RunFactTextTests {
    private static let shard = ShardIdentity(index: 1, count: 2)
    private static let place = NetworkAddress(host: "10.0.0.2", port: 7001)

    private static let facts: [(RunFact, String)] = [
        (.serverJoined(name: "server-1", shard), "server-1 serves shard 1/2"),
        (
            .serverLeft(name: "server-1", shard, .line("the peer ended the connection")),
            "server-1 left: the peer ended the connection; the step waits for shard 1/2"
        ),
        (.stateGone, "a server's state is gone or not of this step"),
        (
            .newerTerm(Term(9), knownBy: "server-0", recorded: Term(3), taken: Term(10)),
            "server-0 knows term 9 and the run's records end at 3: the run's folder is of an earlier time, or the "
                + "server worked for another run; the run goes on under term 10"
        ),
        (.stepStartsOver(StepIndex(4)), "step 4 starts over, as a sample of it is excluded from now on"),
        (
            .checkpointNotTaken(StepIndex(4), .serverLost),
            "the checkpoint at step 4 was not taken: a server left while it was taken"
        ),
        (.checkpointNotTaken(StepIndex(4), .storage("no space")), "the checkpoint at step 4 was not taken: no space"),
        (.trainerJoined(name: "trainer-1"), "trainer-1 joined"),
        (.trainerLeft(name: "trainer-1", .replaced(.cameBack)), "trainer-1 left: it came back on a new connection"),
        (.unitReturned(by: "trainer-1", reason: "no disk"), "trainer-1 gave a unit back: no disk"),
        (
            .unitNotFinite(UnitIndex(3), StepIndex(4), by: "trainer-1", isBelieved: false),
            "unit 3 of step 4 is not finite, says trainer-1: another trainer computes it again"
        ),
        (
            .unitNotFinite(UnitIndex(3), StepIndex(4), by: nil, isBelieved: true),
            "unit 3 of step 4 is not finite, says a trainer, as all say who computed it: it is taken as it is"
        ),
        (
            .leasesOver(of: "trainer-1"),
            "trainer-1 has not answered in time: what it was leased is given to others"
        ),
        (
            .trainerSetAside(name: "trainer-1", .unitOfNoStage, seconds: 5),
            "trainer-1 is set aside for 5 s: it did a unit of no stage"
        ),
        (
            .nothingComputed(tries: 5, lastReason: "no disk"),
            "no unit could be computed in 5 tries, the last one said: no disk"
        ),
    ]

    @Test(arguments: facts) func whatHappenedIsASentence(fact: RunFact, sentence: String) {
        #expect("\(fact)" == sentence)
    }

    private static let faults: [(TrainerFault, String)] = [
        (.asksWithoutAnswer, "it asks for more and has not answered for what it was leased"),
        (.unitMissing(unit: 3, step: 4), "it says that unit 3 of step 4 is done, and the shards do not have it"),
        (
            .returnsUnits(count: 5, lastReason: "no disk"),
            "it gave 5 units in a row back, the last one as no disk"
        ),
        (
            .falseNonFinite(unit: 3, step: 4, finiteAt: "trainer-2"),
            "its unit 3 of step 4 was not finite, and is where trainer-2 computes it"
        ),
        (.certificate, "another trainer with its certificate was set aside just now"),
        (.unitOfNoStage, "it did a unit of no stage"),
        (
            .falseResult(unit: 3, stage: "linear", what: "is empty"),
            "the result of its unit 3 is not what stage linear has: it is empty"
        ),
        (.unreadableSamples(own: 9, others: 1), "it found 9 unreadable samples, and all others together 1"),
    ]

    @Test(arguments: faults) func whatATrainerDidWrongIsAPhraseOfTheStatus(fault: TrainerFault, phrase: String) {
        #expect("\(fault)" == phrase)
        let activity = PeerActivity.setAside(fault, secondsLeft: 4.25)
        #expect("\(activity)" == "set aside for 4.2 s more: \(phrase)")
    }

    private static let losses: [(PeerLoss, String)] = [
        (.lacksSlice("no version 4"), "it has not what a checkpoint is made of: no version 4"),
        (.line("the peer ended the connection"), "the peer ended the connection"),
        (
            .silent(seconds: 11.04),
            "nothing came from it for 11.0 s; check that it runs and is not overloaded"
        ),
        (
            .replaced(.silent(seconds: 3.25)),
            "silent for 3.2 s, and a newer connection brings the shard's state"
        ),
        (
            .gone(.nobodyListens, silentSeconds: 3.5, at: place),
            "silent for 3.5 s, and nobody listens any more at 10.0.0.2:7001"
        ),
    ]

    @Test(arguments: losses) func whyAPeerLeftIsAPhrase(loss: PeerLoss, phrase: String) {
        #expect("\(loss)" == phrase)
    }

    private static let refusals: [(AdmissionRefusal, String)] = [
        (.bulkOfOther(.trainer), "only a server has a connection for tensors, and its certificate is a trainer's"),
        (.bulkOfNobody, "no server with its certificate is here whose connection for tensors it could be"),
        (.bulkTooEarly, "its connection for orders was not welcomed yet, or is gone"),
        (.bulkTaken, "its server has a connection for tensors already"),
        (.noBulk(seconds: 10), "it has opened no connection for tensors for 10 s, and is waited for there"),
        (
            .otherShardCount(name: "server-1", ShardIdentity(index: 1, count: 3), due: 2),
            "this run has 2 shards and server-1 says it is shard 1/3: start it with --shard i/2"
        ),
        (
            .shardServed(shard, by: "server-1", host: "10.0.0.2"),
            "shard 1/2 is already served by server-1 at 10.0.0.2"
        ),
        (.newerTerm, "the run goes on under a newer term"),
    ]

    @Test(arguments: refusals) func aServerThatIsNotLetInIsToldWhy(refusal: AdmissionRefusal, sentence: String) {
        #expect("\(refusal)" == sentence)
    }
}
