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

    @Test(arguments: [
        cuts, [.stall(.toServer, afterBytes: 40_000)], [.stall(.toCoordinator, afterBytes: 40_000)],
    ])
    func aFaultOfTheLineForTensorsCostsNoPeerAndNoBit(faults: [FaultyProxy.Fault]) throws {
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
        for server in 0..<2 {
            #expect(log.contains("the connection for tensors of server-\(server)"), "\(log)")
        }
        #expect(!log.contains(" left: "), "\(log)")
    }
}
