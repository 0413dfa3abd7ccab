import Foundation
import Glibc
import MawsBase
import MawsTransport
import MawsWire
import Testing

/// Peers with valid certificates, and strangers without any, that do what they should not: the run goes on meanwhile,
/// and its processes stay as small as they were.
@Suite(.serialized, .timeLimit(.minutes(20))) struct AttackTests {
    @Test func aViewerThatAsksAndDoesNotRead() throws {
        let victim = try Victim()
        var viewers: [Connection] = []
        let frame = try Connection.frame(.statusRequest)
        try victim.expectWorkGoesOn(end: { leave(&viewers) }) { round in
            if round % 20 == 0, viewers.count < 8 { viewers.append(try victim.viewer()) }
            for viewer in viewers { try? viewer.send(frame: frame, stallSeconds: 0) }
        }
    }

    @Test func aViewerThatSendsWhatItMayNotIsToldSoAndClosed() throws {
        let victim = try Victim()
        try victim.expectWorkGoesOn { _ in
            let viewer = try victim.viewer()
            let frame = try FrameHeader(kind: .configure, bodyCount: 64 << 20, payloadCount: 0).bytes
            for _ in 0..<100 { try? viewer.send(frame: frame, stallSeconds: 0) }
            viewer.close()
        }
        let log = try String(contentsOfFile: victim.run.runFolder + "/logs/coordinator.log", encoding: .utf8)
        #expect(log.contains("a viewer may not send configure"))
        #expect(log.split(separator: "\n").count { $0.contains("may not send") } < 100)
    }

    @Test func headersOfLargeBodiesBeforeHelloTakeNothing() throws {
        let victim = try Victim()
        var open: [Connection] = []
        try victim.expectWorkGoesOn(end: { leave(&open) }) { _ in
            if open.count == 30 { open.removeFirst().close() }
            let stranger = try victim.dial(.viewer)
            try stranger.send(frame: FrameHeader(kind: .configure, bodyCount: 64 << 20, payloadCount: 0).bytes)
            open.append(stranger)
        }
    }

    @Test func thousandsOfIdleConnectionsWithoutACertificate() throws {
        let victim = try Victim()
        var idle: [FileHandle] = []
        func leave() {
            for handle in idle { try? handle.close() }
            idle = []
        }
        try victim.expectWorkGoesOn(end: leave) { _ in
            idle.append(try #require(Self.connect(victim.address)))
            // The coordinator has closed the oldest long ago; this process has few descriptors itself.
            if idle.count > 400 { try idle.removeFirst().close() }
        }
        // Who has a certificate is let in all the same, if it tries again while too many come at once.
        try victim.wait("a viewer is let in") { (try? victim.viewer())?.close() != nil }
        leave()
    }

    /// A plain TCP connection.
    private static func connect(_ address: NetworkAddress) -> FileHandle? {
        let descriptor = tcpConnection(port: address.port)
        return descriptor >= 0 ? FileHandle(fileDescriptor: descriptor) : nil
    }
}

/// Ends these connections.
func leave(_ connections: inout [Connection]) {
    for connection in connections { connection.close() }
    connections = []
}

/// To this machine; below 0 where it was not made.
private func tcpConnection(port: UInt16) -> Int32 {
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let status = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    return status == 0 ? descriptor : -1
}
