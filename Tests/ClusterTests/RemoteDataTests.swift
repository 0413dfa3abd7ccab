import Foundation
import MawsTestSupport
import Testing

/// Shards on a web server.
@Suite(.serialized) struct RemoteDataTests {
    private static let shardCount = 16

    /// Two trainers whose caches hold four fifths of the shards each.
    @Test func trainersComeBackToTheShardsTheyHoldAndTheWeightsAreThoseOfOneTrainer() throws {
        let folder = try TestData.smallShards()
        let server = try WebServer(folder)
        let sizes = try (0..<Self.shardCount).map { number in
            let name = String(format: "%@/small-train-%04d.tar", folder, number)
            return try #require(FileManager.default.attributesOfItem(atPath: name)[.size] as? Int)
        }
        let bytes = sizes.reduce(0, +)
        var run = try ClusterRun()
        (run.unit, run.maeSteps, run.checkpointSteps) = (5, 150, 1000)
        run.trainShard = "\(server.address)/good/small-train-{0000..0015}.tar"
        let cluster = try RemoteCluster(run, cacheSize: "\(bytes * 8 / 10)")
        // 4,000 samples in batches of 80: an epoch has 50 steps. The first fills the caches.
        try run.wait(forSteps: 55, of: cluster.coordinator)
        let before = server.bytesSent
        try run.wait(forSteps: 105, of: cluster.coordinator)
        let read = server.bytesSent - before
        print("figure=second-epoch-bytes value=\(read) unit=B ratio=\(Double(read) / Double(bytes)) goal=1")
        #expect(read < bytes, "\(read) of \(bytes) bytes were read again")
        let hashes = try cluster.finish()
        var single = try ClusterRun()
        (single.unit, single.maeSteps, single.checkpointSteps) = (5, 150, 1000)
        (single.trainers, single.servers) = (1, 1)
        single.trainShard = run.trainShard
        single.environment = ["MAWS_CACHE": single.folder + "/cache"]
        #expect(try single.finish() == hashes)
    }
}
