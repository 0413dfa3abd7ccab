import CAllocationCounter
import MawsBase
import MawsTransport
import MawsWire
import Testing

/// What all threads of a server ask of the allocator and of their sockets in a step: one trainer pushes every unit of
/// every block and gathers the new version. The bounds are what it asked for when they were set, and half as much
/// again.
@Suite(.serialized) struct ServerAllocationTests {
    private static let steps: UInt64 = 10
    private static let warmUp: UInt64 = 3

    @Test(.enabled(if: maws_counts_work() != 0)) func aSteadyStepAllocatesLittle() throws {
        let sample = SampleModel(width: 64)
        let group = maws_count_begin()
        let cluster = try ServerNodeTests.startedCluster(shards: 1, sample)
        // What this test itself asks for from here on, as coordinator and trainer, does not count.
        maws_count_in(0)
        let (server, trainer) = (cluster.servers[0], try cluster.trainer(cluster.servers[0]))
        var before = MawsCounts()
        for step in 0..<Self.warmUp + Self.steps {
            if step == Self.warmUp { before = maws_counts(group) }
            try sample.push(ServerNodeTests.allPushes(sample), step: step, to: server, over: trainer)
            _ = try server.reduced(step: step)
            try server.commit(step: step)
            for block in sample.trainedBlocks {
                let count = server.layout(sample.table).slices[block].count
                _ = try ServerNodeTests.gather(UInt32(block), step: step + 1, count, over: trainer)
            }
        }
        let after = maws_counts(group)
        let allocations = (after.allocations - before.allocations) / Self.steps
        let bytes = (after.allocated_bytes - before.allocated_bytes) / Self.steps
        let transfers = (after.transfers - before.transfers) / Self.steps
        let messages = UInt64((SampleModel.units + 1) * sample.trainedBlocks.count)
        print(
            "a steady step of a server, \(messages) tensors: \(allocations) allocations, \(bytes) bytes, "
                + "\(transfers) transfers")
        #expect(allocations <= 1_700)
        #expect(bytes <= 160_000)
        #expect(transfers <= 75)
    }
}
