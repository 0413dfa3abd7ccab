import Foundation
import Testing

/// Servers whose connections for tensors are cut or stand still, in restores and in checkpoints: nobody is lost for it,
/// orders go on, and the weights are the same.
@Suite(.serialized, .timeLimit(.minutes(20))) struct BulkLineTests {
    private static let cuts: [FaultyProxy.Fault] = [
        .cut(.toServer, afterBytes: 20_000), .cut(.toServer, afterBytes: 50_000),
        .cut(.toCoordinator, afterBytes: 30_000), .cut(.toCoordinator, afterBytes: 60_000),
        .cut(.toCoordinator, afterBytes: 90_000),
    ]

    /// A run with two servers, each behind a proxy with these faults, has the weights of an undisturbed one.
    ///
    /// - Returns: the coordinator's log.
    private func disturbed(_ faults: [FaultyProxy.Fault]) throws -> String {
        let expected = try ClusterRun().finish()
        var proxies: [FaultyProxy] = []
        defer { for proxy in proxies { proxy.close() } }
        let cluster = try RemoteCluster(ClusterRun(), cacheSize: "64M") { _, address in
            let port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
            let proxy = try FaultyProxy(target: port, faults)
            proxies.append(proxy)
            return "127.0.0.1:\(proxy.port)"
        }
        #expect(try cluster.finish() == expected)
        #expect(proxies.allSatisfy { $0.left == 0 }, "\(proxies.map(\.left)) faults did not happen")
        let log = try String(contentsOfFile: cluster.run.runFolder + "/logs/coordinator.log", encoding: .utf8)
        #expect(!log.contains(" left: "), "\(log)")
        return log
    }

    @Test(arguments: [
        cuts, [.stall(.toServer, afterBytes: 40_000)], [.stall(.toCoordinator, afterBytes: 40_000)],
    ])
    func aLineForTensorsThatIsCutOrStandsStillCostsNoPeerAndNoBit(faults: [FaultyProxy.Fault]) throws {
        let log = try disturbed(faults)
        for server in 0..<2 {
            #expect(log.contains("the connection for tensors of server-\(server)"), "\(log)")
        }
    }

    /// Restores and checkpoints that take longer than a peer may be silent, the whole of one line's doing.
    @Test(arguments: [
        FaultyProxy.Fault.slow(.toServer, afterBytes: 20_000, bytesPerSecond: 8000, untilBytes: 120_000),
        .slow(.toCoordinator, afterBytes: 20_000, bytesPerSecond: 25_000, untilBytes: 320_000),
    ])
    func aSlowLineForTensorsIsWaitedForAndHoldsUpNoHeartbeat(fault: FaultyProxy.Fault) throws {
        let log = try disturbed([fault])
        #expect(!log.contains("the connection for tensors of"), "\(log)")
    }
}
