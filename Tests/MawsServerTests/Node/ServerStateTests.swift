import Foundation
import MawsBase
import MawsServer
import MawsState
import MawsTransport
import MawsWire
import Testing

/// What a server makes of the state file that it finds, and of a disk that refuses.
@Suite struct ServerStateTests {
    /// A state at version 1, left by a process that ended with its coordinator.
    private func left() throws -> ServerLife {
        let life = ServerLife()
        life.options.exitsWithCoordinator = true
        life.line { line in
            life.restore(on: line)
            life.step(0, on: line)
        }
        #expect(throws: ServerError.self) { try life.live() }
        life.options.exitsWithCoordinator = false
        return life
    }

    /// It has no state, says why, and is restored.
    private func expectFreshStart(_ life: ServerLife, _ why: String) throws {
        life.line { line in
            line.meanwhile {
                let told = life.told()
                #expect(told.first?.server?.runID == "")
                #expect(told.last?.lack?.contains(why) == true, "\(told)")
            }
            life.restore(on: line)
            life.step(0, on: line)
            life.finish(on: line)
        }
        try life.live()
        #expect(life.log.contains("warning the state file "))
    }

    @Test func theFileOfAnotherShardIsNotUsed() throws {
        let life = try left()
        life.options.shard = ShardIdentity(index: 0, count: 2)
        try FileManager.default.moveItem(atPath: life.statePath, toPath: "\(life.folder)/shard-0-of-2.state")
        life.line { line in
            line.meanwhile {
                let told = life.told()
                #expect(told.first?.server?.shard == life.options.shard && told.first?.server?.runID == "")
                #expect(told.last?.lack == "the state file is of shard 0/1 and is not used")
            }
            life.finish(on: line)
        }
        try life.live()
    }

    /// The server says of which run its state is. A coordinator that takes it for its own is told that it is not, and
    /// one that knows better restores the shard.
    @Test func theStateOfAnotherRunIsNeverTakenForThisOnes() throws {
        let life = try left()
        life.line { line in
            var configuration = life.configuration(keepsState: true)
            configuration.runID = "other"
            line.say(.configure(configuration))
            line.meanwhile { Issue.record("the line was ended") }
        }
        life.line { line in
            line.meanwhile {
                let lack = life.orders[0].take().last?.message.lack
                #expect(lack == "the state file is not of the stage that it should be kept for")
            }
            life.restore(on: line)
            life.step(0, on: line)
            life.finish(on: line)
        }
        try life.live()
    }

    @Test func aFileFromBeforeTheMachineStartedIsNotUsed() throws {
        let life = try left()
        life.world.state.boot = [UInt8](repeating: 8, count: 16)
        try expectFreshStart(life, "the machine stopped after it was written")
    }

    @Test func whereNobodyKnowsThatNoFileIsUsed() throws {
        let life = try left()
        life.world.state.boot = nil
        try expectFreshStart(life, "nobody knows whether the machine stopped after it was written")
        #expect(life.log.contains("cannot be read: no later process will believe this one's state file"))
    }

    @Test func aFileThatIsCutIsNotUsed() throws {
        let life = try left()
        let file = try #require(FileHandle(forWritingAtPath: life.statePath))
        try file.truncate(atOffset: 9000)
        try file.close()
        try expectFreshStart(life, "is damaged: it has 9000 bytes where ")
    }

    /// It is opened, looked through before anything of it is served, and removed; another line restores the shard.
    @Test func aChunkThatIsNotWhatWasWrittenIsFoundWhenTheStateIsKept() throws {
        let life = try left()
        try StateDamageTests.Spot.weight.damage(
            life.statePath, life.sample, boot: life.world.state.boot)
        life.line { line in
            line.meanwhile { #expect(life.told().first?.server?.step == StepIndex(1)) }
            line.say(.configure(life.configuration(keepsState: true)))
            line.meanwhile { Issue.record("the line was ended") }
        }
        life.line { line in
            line.meanwhile {
                #expect(life.orders[0].take().last?.message.lack?.contains("chunk 0") == true)
                #expect(!FileManager.default.fileExists(atPath: life.statePath))
                #expect(life.told().first?.server?.runID == "")
            }
            life.restore(on: line)
            life.step(0, on: line)
            life.finish(on: line)
        }
        try life.live()
        #expect(life.log.contains("The file is removed, and the shard restored from the newest checkpoint."))
    }

    /// Nobody asks for anything, for minutes.
    @Test func damageIsFoundWhileNothingHappens() throws {
        let life = ServerLife()
        life.line { line in
            life.restore(on: line)
            life.step(0, on: line)
            line.meanwhile {
                #expect(throws: Never.self) {
                    try StateDamageTests.Spot.firstSlot.damage(
                        life.statePath, life.sample, boot: life.world.state.boot)
                }
                life.world.pass(120)
                #expect(life.told().last?.lack?.contains("the slot exp_avg of block block.0, chunk 0") == true)
                #expect(life.orders[0].isClosed)
            }
        }
        life.line { line in
            line.meanwhile { #expect(life.told().first?.server?.runID == "") }
            life.finish(on: line)
        }
        try life.live()
    }

    // MARK: - A disk that refuses

    @Test(arguments: [StateAccess.lock, .open]) func aDiskThatShowsNothingEndsTheServerBeforeItJoins(
        access: StateAccess
    ) throws {
        let life = ServerLife()
        life.world.state.refusals = [access]
        let end = #expect(throws: (any Error).self) { try life.live() }
        #expect("\(try #require(end))".hasPrefix("the disk is full: /fake/\(access)"))
        #expect(life.world.state.dialed == [])
    }

    /// No place for the state: the coordinator's next order cannot be obeyed, and no try later is better.
    @Test func aFullDiskEndsTheServer() throws {
        let life = ServerLife()
        life.world.state.refusals = [.create]
        life.line { line in
            line.say(.configure(life.configuration()))
            line.meanwhile { Issue.record("it goes on") }
        }
        let end = #expect(throws: (any Error).self) { try life.live() }
        #expect("\(try #require(end))".hasPrefix("the disk is full: /fake/create"))
        #expect(!FileManager.default.fileExists(atPath: life.statePath) && life.orders[0].isClosed)
        // With a place again it starts anew.
        life.world.state.refusals = []
        life.line { line in
            life.restore(on: line)
            life.finish(on: line)
        }
        try life.live()
    }

    /// The restored state lies there and is not said to be whole: the next process does not believe it.
    @Test func aRestoreThatCannotBeSealedIsNone() throws {
        let life = ServerLife()
        life.world.state.refusals = [.seal]
        life.line { line in
            line.say(.configure(life.configuration()))
            line.meanwhile {
                _ = life.bulk { channel in
                    for (block, part) in life.sample.parts { life.say(block, part, on: channel) }
                    channel.say(.restoreDone(life.reply.request, stage: StageIndex(0), step: StepIndex(0)))
                }
            }
        }
        let end = #expect(throws: (any Error).self) { try life.live() }
        #expect("\(try #require(end))".hasPrefix("the disk is full: /fake/seal"))
        life.world.state.refusals = []
        try expectFreshStart(life, "it was never filled")
    }
}
