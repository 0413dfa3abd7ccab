import Foundation
import MawsRecords
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
        let reads = try [85, 115, 145].map { steps in
            let before = server.bytesSent
            try run.wait(forSteps: steps, of: cluster.coordinator)
            return server.bytesSent - before
        }
        print("figure=bytes-of-30-steps value=\(reads) unit=B of=\(bytes)")
        // An epoch reads two fifths of the data on cores of its own, and less than three halves on busy ones, but while
        // a trainer falls behind and leaves its units to the other.
        let epoch = try #require(reads.min()) * 50 / 30
        #expect(epoch < bytes * 3 / 2, "\(reads) of \(bytes) bytes were read again")
        let hashes = try cluster.finish()
        var single = try ClusterRun()
        (single.unit, single.maeSteps, single.checkpointSteps) = (5, 150, 1000)
        (single.trainers, single.servers) = (1, 1)
        single.trainShard = run.trainShard
        single.environment = ["MAWS_CACHE": single.folder + "/cache"]
        #expect(try single.finish() == hashes)
    }

    /// The end of the first shard cannot be had: one server stalls there, the other sends too few bytes. In the second
    /// shard a sample is not what it was when the shard was indexed.
    @Test func samplesThatNobodyGetsAreExcludedTheSameWayByEveryCluster() throws {
        let folder = try TestData.smallShards()
        try TestData.cutAfterFirstBlock(folder + "/small-train-0000.tar")
        try Program("maws", ["data", "index", "--shards", folder + "/small-train-0000.tar"]).runToSuccess()
        try TestData.changeAnImage(folder + "/small-train-0001.tar")
        let server = try WebServer(folder)
        var hashes: [[String: String]] = []
        for (trainers, servers, manner) in [(1, 1, "stalled1"), (2, 2, "short1")] {
            let run = try Self.run(server, manner, trainers: trainers, servers: servers)
            hashes.append(try run.finish())
            let skipped = try RunFolder(run.runFolder).skippedSamples()
            let ofMAE = skipped.filter { $0.stage == "mae" }.map(\.sample)
            #expect((3...6).contains(ofMAE.count), "\(ofMAE)")
            #expect(ofMAE.contains { $0.contains("\(manner)/small-train-0000.tar") })
            #expect(ofMAE.contains { $0.contains("small-train-0001.tar") && $0.contains("has changed") })
            let log = try String(contentsOfFile: run.runFolder + "/logs/coordinator.log", encoding: .utf8)
            #expect(log.contains("no trainer gets a sample, which the run excludes"))
        }
        #expect(hashes[0].count == 3 && hashes[0] == hashes[1])
    }

    @Test func moreLostSamplesThanThePlanAllowsEndTheStageWithTheirList() throws {
        let folder = try TestData.smallShards()
        try TestData.changeAnImage(folder + "/small-train-0001.tar")
        let server = try WebServer(folder)
        var run = try Self.run(server, "good", trainers: 2, servers: 1)
        run.skipLimit = 0.001
        let program = try run.program()
        #expect(try program.run() != 0)
        #expect(program.output.contains("skip_limit allows 0"), "\(program.output) \(run.logs())")
        #expect(program.output.contains("small-train-0001.tar, small-train-"))
        #expect(try RunFolder(run.runFolder).skippedSamples().isEmpty)
    }

    /// Eight steps of mae on two shards of about 250 samples: every sample is wanted, some twice.
    private static func run(
        _ server: WebServer, _ manner: String, trainers: Int, servers: Int
    ) throws -> ClusterRun {
        var run = try ClusterRun()
        (run.trainers, run.servers, run.maeSteps) = (trainers, servers, 8)
        run.trainShard =
            "[\(server.address)/\(manner)/small-train-0000.tar, \(server.address)/good/small-train-0001.tar]"
        run.skipLimit = 0.02
        run.environment = ["MAWS_CACHE": run.folder + "/cache", "MAWS_STALL_SECONDS": "1", "MAWS_READ_TRIES": "1"]
        return run
    }
}
