import Foundation
import MawsBase
import MawsServer
import MawsTransport
import MawsWire
import Testing

/// Whole lives of a server with its coordinator.
@Suite struct ServerLifeTests {
    /// What two steps come to that nothing disturbs.
    private static let undisturbed = Result {
        let life = ServerLife()
        nonisolated(unsafe) var found: [[UInt8]] = []
        life.line { line in
            life.restore(on: line)
            for step in 0..<2 { life.step(UInt64(step), on: line) }
            line.meanwhile { found = life.snapshot(2) }
            life.finish(on: line)
        }
        try life.live()
        return found
    }

    @Test func aServerJoinsWorksAndEndsWithTheRun() throws {
        let life = ServerLife()
        life.line { line in
            line.meanwhile {
                let hello = life.told().first?.server
                #expect(hello?.shard == ServerLife.shard && hello?.host == "127.0.0.1" && hello?.port == 7001)
                #expect(hello?.runID == "")
            }
            life.restore(on: line)
            life.step(0, on: line)
            line.meanwhile {
                let expected = Result { try ServerNodeTests.train(shards: 1, seed: 0, steps: 1).state }
                #expect(throws: Never.self) { try #expect(life.snapshot(1) == expected.get().filter { !$0.isEmpty }) }
            }
            life.finish(on: line)
        }
        try life.live()
        #expect(life.log.contains("info joined the coordinator coordinator at 10.0.0.9:4000"))
        #expect(life.log.contains("info the run is finished") && life.orders[0].isClosed)
    }

    /// It says at once which version it has, and goes on with it; nothing is restored.
    @Test func aServerThatLosesItsLineComesBackWithItsState() throws {
        let life = ServerLife()
        nonisolated(unsafe) var found: [[UInt8]] = []
        life.line { line in
            life.restore(on: line)
            life.step(0, on: line)
        }
        life.line { line in
            line.meanwhile { #expect(life.told().first?.server?.step == StepIndex(1)) }
            life.keep(version: 1, on: line)
            life.step(1, on: line)
            line.meanwhile { found = life.snapshot(2) }
            life.finish(on: line)
        }
        try life.live()
        #expect(try found == Self.undisturbed.get() && !found.isEmpty)
        #expect(life.log.contains("warning looking for the coordinator: "))
    }

    /// The process ends with the reduced gradient of a step that is not committed; the next one has all of it.
    @Test func theNextProcessGoesOnWithTheFile() throws {
        let life = ServerLife()
        life.options.exitsWithCoordinator = true
        life.line { line in
            life.restore(on: line)
            life.step(0, on: line)
            line.meanwhile { life.pushAll(1) }
        }
        let gone = #expect(throws: ServerError.self) { try life.live() }
        #expect("\(try #require(gone))".contains("the coordinator at 10.0.0.1:1 is gone"))
        nonisolated(unsafe) var found: [[UInt8]] = []
        life.line { line in
            line.meanwhile {
                let hello = life.told().first?.server
                #expect(hello?.runID == "run" && hello?.step == StepIndex(1) && hello?.hasReduced == true)
            }
            line.say(.configure(life.configuration(keepsState: true)))
            line.meanwhile { #expect(life.told().contains { $0.isReduced }) }
            life.commit(1, on: line)
            line.meanwhile { found = life.snapshot(2) }
            life.finish(on: line)
        }
        try life.live()
        #expect(try found == Self.undisturbed.get())
    }

    // MARK: - The coordinator is not there

    @Test func aCoordinatorThatIsNeverThereIsLookedForAsLongAsAPersonWouldWait() throws {
        let life = ServerLife()
        let end = #expect(throws: ServerError.self) { try life.live() }
        #expect("\(try #require(end))".hasPrefix("no coordinator at 10.0.0.1:1 for 60"))
        let dialed = life.world.state.dialed.map { $0.seconds(since: Moment(nanoseconds: 0)) }
        let pauses = zip(dialed.dropFirst(), dialed).map { $0 - $1 }
        #expect(pauses.count > 100 && pauses.allSatisfy { (0.2...4.1).contains($0) }, "\(pauses)")
        #expect((600...605).contains(dialed.last ?? 0), "\(dialed)")
        #expect(life.log.split(separator: "\n").count { $0.contains("looking for the coordinator") } == 1)
    }

    /// It is away for a minute, then takes the server after some refusals.
    @Test func oneThatComesLateIsFound() throws {
        let life = ServerLife()
        for _ in 0..<3 {
            life.line(welcomes: false) { $0.say(.refused(reason: "the last one is not gone yet", mayTryAgain: true)) }
        }
        life.line { life.finish(on: $0) }
        try life.live()
        #expect(life.orders.count == 4 && life.world.now.seconds(since: Moment(nanoseconds: 0)) < 3)
        #expect(life.log.contains("the last one is not gone yet"))
    }

    @Test func whatItSaysForGoodEndsTheServer() throws {
        let life = ServerLife()
        life.line(welcomes: false) { $0.say(.refused(reason: "shard 0/1 is taken", mayTryAgain: false)) }
        let end = #expect(throws: ServerError.self) { try life.live() }
        #expect(end == .refused(address: "10.0.0.1:1", reason: "shard 0/1 is taken", mayTryAgain: false))
        life.line { $0.say(.shutdown(isFinished: false, reason: "enough")) }
        #expect(throws: ServerError.stopped(reason: "enough")) { try life.live() }
    }

    // MARK: - Its end

    /// A trainer is in the midst of a step, and another one comes too late.
    @Test func aServerThatIsStoppedEndsAllThatIsUnderWay() throws {
        let life = ServerLife()
        life.line { line in
            life.restore(on: line)
            line.meanwhile {
                let told = life.trainer { trainer in
                    trainer.say(.push(life.push(0, 2)), life.payload(life.push(0, 2)))
                    trainer.meanwhile { life.node?.end() }
                    trainer.say(.flush(request, SampleModel.flush(unit: 0, step: 0)))
                }
                #expect(told == [.welcome(Welcome(term: Term(1), plan: [], runID: "run"))])
                #expect(life.trainer { _ in } == [])
            }
            line.say(.heartbeat)
        }
        try life.live()
        #expect(life.orders[0].isClosed && life.world.state.dialed.count == 1)
        let lookedAt = life.world.state.now
        life.world.pass(60)
        #expect(life.orders[0].heartbeats < 5 && life.world.now > lookedAt, "nothing is done any more")
    }

    /// Its socket may be what fails, beside the thread that follows orders; the coordinator is not looked for again.
    @Test func whatTheProcessCannotGoOnWithIsItsLastWord() throws {
        let life = ServerLife()
        let deaf = ServerError.deaf(reason: "too many open files")
        life.line { line in
            life.restore(on: line)
            line.meanwhile {
                life.node?.end(deaf)
                life.node?.end(ServerError.stopped(reason: "what follows from it"))
            }
        }
        #expect(throws: deaf) { try life.live() }
        #expect(life.world.state.dialed.count == 1)
    }

    /// What goes wrong with the state is no trainer's fault, on whose thread it may happen.
    @Test func aStateThatCannotBeSealedEndsTheServer() throws {
        let life = ServerLife()
        life.line { line in
            life.restore(on: line)
            line.meanwhile {
                life.world.state.refusals = [.seal]
                life.pushAll(0)
            }
            line.say(.heartbeat)
        }
        let end = #expect(throws: (any Error).self) { try life.live() }
        #expect("\(try #require(end))".hasPrefix("the disk is full: /fake/seal"))
        #expect(!life.log.contains("trainer-0"), "\(life.log)")
    }

    // MARK: - What is done again and again

    @Test func theCoordinatorHearsOfTheServerEverySecond() throws {
        let life = ServerLife()
        life.line { line in
            line.meanwhile { life.world.pass(30) }
            line.meanwhile { #expect((30...31).contains(life.orders[0].heartbeats)) }
            life.finish(on: line)
        }
        try life.live()
    }

    @Test func theMemoryIsLookedAtFiftyTimesASecondAndTheStateLeavesItUnharmed() throws {
        let life = ServerLife()
        life.options.memoryBytes = 1 << 30
        life.world.state.residentBytes = nil
        nonisolated(unsafe) var found: [[UInt8]] = []
        life.line { line in
            life.restore(on: line)
            life.step(0, on: line)
            life.step(1, on: line)
            line.meanwhile {
                let before = life.world.state.memoryLooks
                life.world.pass(2)
                #expect((99...101).contains(life.world.state.memoryLooks - before))
                found = life.snapshot(2)
            }
            life.finish(on: line)
        }
        try life.live()
        #expect(try found == Self.undisturbed.get())
        #expect(life.log.contains("the system does not say how much memory is in use"))
    }

    /// The log is not the trainers': what repeats is counted, and said later.
    @Test func whatTrainersBringAboutIsCounted() throws {
        let life = ServerLife()
        life.line { line in
            life.restore(on: line)
            line.meanwhile {
                for _ in 0..<50 { life.trainer { $0.say(.leaseRequest(shares: [])) } }
                life.world.pass(600)
            }
            life.finish(on: line)
        }
        try life.live()
        let lines = life.log.split(separator: "\n").filter { $0.contains("it sent a message that is not for servers") }
        #expect((2..<20).contains(lines.count) && lines.last?.contains(" more like it") == true, "\(lines.count) lines")
    }
}
