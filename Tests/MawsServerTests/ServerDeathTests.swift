import Foundation
import MawsBase
import MawsServer
import MawsTransport
import MawsWire
import Testing

@Suite(.serialized) struct ServerDeathTests {
    /// A real process is killed a random time after it was told to apply a step, six steps in a row.
    @Test(arguments: [SampleOptimizer.fp32, .int8, .sgd])
    func killAtAnyMomentOfACommitLeavesOneVersionOrTheNext(optimizer: SampleOptimizer) throws {
        let sample = SampleModel(optimizer: optimizer, width: 200)
        let steps: UInt64 = 6
        let expected = try undisturbed(sample, steps: steps)
        let cluster = try FakeCluster(shards: 1)
        var random = CounterRandom(seed: 9, purpose: .test, element: 0)
        var (process, server) = try started(cluster)
        try server.configure(sample, keepsState: false)
        #expect(try server.receive().message == .restored(server.reply, stage: StageIndex(0), step: StepIndex(0)))
        for step in 0..<steps {
            try sample.push(ServerNodeTests.allPushes(sample), step: step, to: server, over: cluster.trainer(server))
            let squares = try server.reduced(step: step)
            try server.connection.send(.commit(commit(step)))
            usleep(UInt32(random.below(6000)))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            server.connection.close()
            (process, server) = try started(cluster)
            #expect(server.hello.step == StepIndex(step + 1) || server.hello.hasReduced)
            #expect(server.hello.step == StepIndex(step) || server.hello.step == StepIndex(step + 1))
            try server.configure(sample, keepsState: true)
            #expect(
                try server.receive().message == .restored(server.reply, stage: StageIndex(0), step: server.hello.step))
            if server.hello.step == StepIndex(step) {
                #expect(try server.reduced(step: step) == squares)
                try server.commit(step: step)
            }
        }
        cluster.replace(0, by: server)
        #expect(try ServerNodeTests.state(cluster, sample, step: steps) == expected)
        server.connection.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 1)
    }

    /// The reduced gradient takes the place of older weights, and its checksums of theirs: wherever that stops, the
    /// version in force is whole.
    @Test func killAtAnyMomentOfAReductionLeavesTheVersion() throws {
        let sample = SampleModel(width: 200)
        let steps: UInt64 = 6
        let expected = try undisturbed(sample, steps: steps)
        let cluster = try FakeCluster(shards: 1)
        var random = CounterRandom(seed: 10, purpose: .test, element: 0)
        var (process, server) = try started(cluster)
        try server.configure(sample, keepsState: false)
        #expect(try server.receive().message == .restored(server.reply, stage: StageIndex(0), step: StepIndex(0)))
        for step in 0..<steps {
            let connection = try cluster.trainer(server)
            let others = ServerNodeTests.allPushes(sample).filter { $0.unit < SampleModel.units - 1 || $0.block != 1 }
            try sample.push(others, step: step, to: server, over: connection)
            try pushLast(sample, step, to: server, over: connection)
            usleep(UInt32(random.below(4000)))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            server.connection.close()
            (process, server) = try started(cluster)
            #expect(server.hello.step == StepIndex(step))
            try server.configure(sample, keepsState: true)
            #expect(
                try server.receive().message == .restored(server.reply, stage: StageIndex(0), step: StepIndex(step)))
            if !server.hello.hasReduced {
                try sample.push(
                    ServerNodeTests.allPushes(sample), step: step, to: server, over: cluster.trainer(server))
            }
            _ = try server.reduced(step: step)
            try server.commit(step: step)
        }
        cluster.replace(0, by: server)
        #expect(try ServerNodeTests.state(cluster, sample, step: steps) == expected)
        server.connection.close()
        process.waitUntilExit()
    }

    /// The last unit of the largest block, without waiting for what becomes of it.
    private func pushLast(
        _ sample: SampleModel, _ step: UInt64, to server: ServerLink, over connection: Connection
    ) throws {
        let unit = SampleModel.units - 1
        let values = sample.gradient(
            step: step, unit: unit, block: 1, slice: server.layout(sample.table).slices[1])
        let push = Push(
            term: Term(1), stage: StageIndex(0), step: StepIndex(step), unit: UnitIndex(UInt32(unit)), block: 1,
            encoding: .fp32, grant: SampleModel.grant(step: step))
        try values.withUnsafeBytes { try connection.send(.push(push), payload: $0) }
    }

    private func commit(_ step: UInt64) -> Commit {
        Commit(
            term: Term(1), stage: StageIndex(0), step: StepIndex(step), learningRate: 0.01, clipScale: 0.5)
    }

    private func started(_ cluster: FakeCluster) throws -> (Process, ServerLink) {
        let process = try cluster.launchProcess(0)
        let link = try cluster.join(Background {})
        cluster.replace(0, by: link)
        return (process, link)
    }

    private func undisturbed(_ sample: SampleModel, steps: UInt64) throws -> [[UInt8]] {
        let cluster = try ServerNodeTests.startedCluster(shards: 1, sample)
        for step in 0..<steps {
            let server = cluster.servers[0]
            try sample.push(ServerNodeTests.allPushes(sample), step: step, to: server, over: cluster.trainer(server))
            _ = try server.reduced(step: step)
            try server.commit(step: step)
        }
        return try ServerNodeTests.state(cluster, sample, step: steps)
    }
}
