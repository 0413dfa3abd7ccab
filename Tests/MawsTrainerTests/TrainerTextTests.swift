import MawsBase
import MawsProtocol
import MawsTrainer
import Testing

/// The sentences that a trainer makes of its cores' facts.
@Suite struct TrainerTextTests {
    private static let facts: [(TrainerFact, String)] = [
        (.joined(Term(3)), "joined the coordinator, term 3"),
        (
            .coordinatorAway(.refused(reason: "too early")),
            "looking for the coordinator: it refused this trainer: too early"
        ),
        (
            .dataUnreachable(reason: "host away", pauseSeconds: 4),
            "the plan's data cannot be reached, which is tried again in 4 s: host away"
        ),
        (.leasesDropped(Term(1), own: Term(2)), "dropped a lease of term 1, this is term 2"),
        (.leasesDropped(nil, own: Term(2)), "dropped an empty list of leases, this is term 2"),
        (.unitFailed(UnitIndex(7), StepIndex(4), reason: "no disk"), "unit 7 of step 4 failed: no disk"),
    ]

    @Test(arguments: facts) func whatHappenedIsASentence(fact: TrainerFact, sentence: String) {
        #expect("\(fact)" == sentence)
    }

    private static let losses: [(CoordinatorLoss, String)] = [
        (.line("closed"), "closed"),
        (.silent(seconds: 10.4), "the coordinator was silent for 10 s"),
        (.notForTrainers, "the coordinator sent a message that is not for trainers"),
        (.olderTerm(Term(2), newest: Term(3)), "a coordinator of term 2 answered, newest is 3"),
    ]

    @Test(arguments: losses) func whyThereIsNoCoordinatorIsASentence(loss: CoordinatorLoss, sentence: String) {
        #expect("\(loss)" == sentence)
    }

    private static let ends: [(TrainerEnd, String)] = [
        (.finished(reason: "the run is finished"), "the run is finished"),
        (.stopped(reason: "stopped"), "stopped"),
        (.refused(reason: "no"), "the coordinator refused this trainer: no"),
        (.dataMissing(reason: "no a.tar"), "no a.tar"),
        (
            .coordinatorGone(.line("closed")), "the coordinator is gone (closed), and this trainer ends with it"
        ),
        (
            .noCoordinator(seconds: 30, .line("nobody listens")),
            "no coordinator for 30 s, the last try said: nobody listens"
        ),
    ]

    @Test(arguments: ends) func theLastSentenceSaysWhy(end: TrainerEnd, sentence: String) {
        #expect("\(end)" == sentence)
        #expect(TrainerError.ended(end).description == sentence)
    }

    private static let abandonments: [(Abandonment, String)] = [
        (.trainerEnds, "the trainer ends"),
        (.coordinatorAway, "the coordinator is away"),
        (.unitFailed, "its unit failed"),
        (.otherShardCount, "the run has another number of shards"),
        (.otherAddress, "the shard's address changed"),
    ]

    @Test(arguments: abandonments) func whyAUnitIsGivenUpIsSaid(why: Abandonment, phrase: String) {
        #expect(TrainerError.abandoned(why).description == "the unit was abandoned: \(phrase)")
    }

    private static let breaks: [(LineBreak, String)] = [
        (.line("closed"), "closed"), (.answeredUnasked, "it answered what was not asked"), (.silent, "it is silent"),
    ]

    @Test(arguments: breaks) func howALineBrokeIsSaid(how: LineBreak, phrase: String) {
        let error = TrainerError.brokenLine(shard: ShardIdentity(index: 1, count: 2), how)
        #expect(error.description == "the line to shard 1/2 broke: \(phrase)")
    }
}
