import MawsBase
import MawsTransport
import Testing

/// What a person reads when there is nobody to talk to.
@Suite(.timeLimit(.minutes(10)))
struct DialTests {
    private let cluster = try! Cluster()

    @Test func aPortWithoutListenerIsNamed() throws {
        let listener = try cluster.listener()
        let port = listener.port
        listener.close()
        #expect(throws: TransportError.connectionRefused(address: "127.0.0.1:\(port)")) { try dial("127.0.0.1", port) }
    }

    @Test func addressesOfIPv6AreListenedAtAndDialled() throws {
        let listener = try Listener(
            host: "::1", port: 0, identity: cluster.identity(.server), allowedRoles: [.trainer])
        let accepted = acceptOne(listener)
        let trainer = try dial("::1", listener.port)
        #expect(trainer.remoteAddress == "[::1]:\(listener.port)")
        #expect(try accepted.result().remoteAddress.hasPrefix("[::1]:"))
        listener.close()
        #expect(throws: TransportError.connectionRefused(address: "[::1]:\(listener.port)")) {
            try dial("::1", listener.port)
        }
    }

    @Test func whoListensAtEveryAddressOfIPv6IsReachedByIPv4() throws {
        let listener = try Listener(
            host: "::", port: 0, identity: cluster.identity(.server), allowedRoles: [.trainer])
        let accepted = acceptOne(listener)
        let trainer = try dial("127.0.0.1", listener.port)
        let server = try accepted.result()
        #expect(server.remoteAddress.hasPrefix("127.0.0.1:") && server.localHost == "127.0.0.1")
        trainer.close()
    }

    @Test func anUnknownHostIsNamed() throws {
        #expect {
            try dial("no-such-host.invalid", 7000)
        } throws: {
            "\($0)".contains("cannot find host no-such-host.invalid")
        }
    }

    @Test func aListenerThatNeverAnswersTimesOut() throws {
        let listener = try cluster.listener()
        #expect {
            _ = try Connection.connect(
                host: "127.0.0.1", port: listener.port, identity: cluster.identity(.trainer), expecting: .server,
                timeoutSeconds: 0.3)
        } throws: {
            "\($0)".contains("waited 0.3 s for the TLS handshake from 127.0.0.1:\(listener.port)")
        }
    }

    @Test func aPortInUseIsNamed() throws {
        let listener = try cluster.listener()
        #expect(throws: TransportError.portInUse(address: "127.0.0.1:\(listener.port)")) {
            try Listener(
                host: "127.0.0.1", port: listener.port, identity: cluster.identity(.server), allowedRoles: [])
        }
    }

    @Test func anAddressOfAnotherMachineCannotBeListenedAt() throws {
        #expect {
            _ = try Listener(host: "192.0.2.1", port: 0, identity: cluster.identity(.server), allowedRoles: [])
        } throws: {
            "\($0)".contains("cannot listen at 192.0.2.1:0")
        }
    }

    @discardableResult
    private func dial(_ host: String, _ port: UInt16) throws -> Connection {
        try Connection.connect(
            host: host, port: port, identity: cluster.identity(.trainer), expecting: .server, timeoutSeconds: 120)
    }
}
