import COpenSSL
import Foundation
import MawsBase
import MawsTransport
import MawsWire
import Testing

/// Who must not get in does not, and both sides learn why.
@Suite(.timeLimit(.minutes(10)))
struct RefusalTests {
    private let cluster = try! Cluster("fashion")

    /// What the accepting side throws while `visit` runs.
    private func refusal(
        of visit: (Listener) throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let listener = try cluster.listener()
        let accepted = acceptOne(listener)
        try visit(listener)
        do {
            _ = try accepted.result()
            Issue.record("the peer was let in", sourceLocation: sourceLocation)
            return ""
        } catch {
            #expect("\(error)".contains("127.0.0.1:"), sourceLocation: sourceLocation)
            return "\(error)"
        }
    }

    @Test func aClientWithoutCertificateIsRefused() throws {
        let reason = try refusal { listener in
            #expect(StrangerClient().visit(port: listener.port).contains("certificate required"))
        }
        #expect(reason.contains("it presented no certificate"))
    }

    @Test func aCertificateOfAnotherClusterIsRefused() throws {
        let other = try Cluster("tulips")
        let reason = try refusal { listener in
            let stranger = StrangerClient(certificateFolder: (other.certificates, "trainer"))
            #expect(stranger.visit(port: listener.port).contains("unknown ca"))
        }
        #expect(reason.contains("its certificate is of cluster tulips"))
        #expect(reason.contains("authority of cluster fashion"))
    }

    @Test func aCertificateOfAnotherAuthorityOfTheSameNameIsRefused() throws {
        let other = try Cluster("fashion")
        let reason = try refusal { listener in
            _ = StrangerClient(certificateFolder: (other.certificates, "trainer")).visit(port: listener.port)
        }
        #expect(reason.contains("another authority of the same name"))
    }

    @Test func anExpiredCertificateIsRefused() throws {
        let expired = try cluster.issued("trainer", validSeconds: -60)
        let reason = try refusal { listener in
            #expect(StrangerClient(certificateFolder: expired).visit(port: listener.port).contains("expired"))
        }
        #expect(reason.contains("certificate has expired"))
    }

    @Test func aCertificateThatSignsItselfIsRefused() throws {
        let other = try Cluster("fashion")
        let reason = try refusal { listener in
            _ = StrangerClient(certificateFolder: (other.certificates, "ca")).visit(port: listener.port)
        }
        #expect(reason.contains("self-signed"))
    }

    @Test func aClientOfTLS12IsRefused() throws {
        let reason = try refusal { listener in
            var stranger = StrangerClient(certificateFolder: (cluster.certificates, "trainer"))
            stranger.highestVersion = TLS1_2_VERSION
            #expect(stranger.visit(port: listener.port).contains("protocol version"))
        }
        #expect(reason.contains("does not speak TLS 1.3"))
    }

    @Test func whatIsNotTLSIsRefused() throws {
        let reason = try refusal { listener in
            let descriptor = connectTCP(port: listener.port)
            let text = "GET / HTTP/1.1\r\nHost: maws\r\n\r\n"
            send(descriptor, text, text.utf8.count, 0)
            var answer = [UInt8](repeating: 0, count: 64)
            _ = recv(descriptor, &answer, answer.count, 0)
            close(descriptor)
        }
        #expect(reason.contains("does not speak TLS 1.3"))
    }

    @Test func whoConnectsAndSaysNothingIsGivenUp() throws {
        let listener = try cluster.listener()
        let descriptor = connectTCP(port: listener.port)
        let connection = try #require(try listener.accept())
        #expect(throws: TransportError.self) { try connection.handshake(timeoutSeconds: 0.2) }
        close(descriptor)
    }

    @Test func aWrongRoleIsRefusedAndToldSo() throws {
        let reason = try refusal { listener in
            let viewer = try Connection.connect(
                host: "127.0.0.1", port: listener.port, identity: cluster.identity(.viewer), expecting: .server,
                timeoutSeconds: 120)
            try viewer.send(.heartbeat)
            guard case .refused(let sentence, mayTryAgain: false) = try viewer.receive(timeoutSeconds: 120).message
            else {
                Issue.record("no refusal came")
                return
            }
            #expect(sentence.contains("role viewer") && sentence.contains("trainer is needed"))
        }
        #expect(reason.contains("role viewer") && reason.contains("trainer is needed"))
    }

    @Test func aRoleThatDoesNotExistIsRefused() throws {
        let odd = try cluster.issued("emperor")
        let reason = try refusal { listener in
            _ = StrangerClient(certificateFolder: odd).visit(port: listener.port)
        }
        #expect(reason.contains("role emperor"))
    }

    @Test func aClientRefusesAServerOfTheWrongRole() throws {
        let listener = try cluster.listener(.trainer, allowing: [.trainer])
        let accepted = acceptOne(listener)
        #expect {
            try Connection.connect(
                host: "127.0.0.1", port: listener.port, identity: cluster.identity(.trainer), expecting: .server,
                timeoutSeconds: 120)
        } throws: {
            "\($0)".contains("role trainer, but server is needed")
        }
        _ = try? accepted.result()
    }

    @Test func aClientRefusesAServerOfAnotherCluster() throws {
        let other = try Cluster("tulips")
        let listener = try other.listener()
        let accepted = acceptOne(listener)
        #expect {
            try Connection.connect(
                host: "127.0.0.1", port: listener.port, identity: cluster.identity(.trainer), expecting: .server,
                timeoutSeconds: 120)
        } throws: {
            "\($0)".contains("its certificate is of cluster tulips")
        }
        #expect {
            _ = try accepted.result()
        } throws: {
            "\($0)".contains("refused this process: this process's certificate is of another cluster")
        }
    }

    @Test func ourOwnClientLearnsWhyItsCertificateIsRefused() throws {
        // Both sides trust this cluster, but the client's certificate expires between loading and dialing.
        let expiring = try cluster.issued("trainer", validSeconds: 8)
        let identity = try TLSIdentity(folder: expiring.folder, role: .trainer, name: expiring.name)
        Thread.sleep(forTimeInterval: 8.5)
        let reason = try refusal { listener in
            let client = try Connection.connect(
                host: "127.0.0.1", port: listener.port, identity: identity, expecting: .server, timeoutSeconds: 120)
            #expect {
                try client.send(.heartbeat)
                _ = try client.receive(timeoutSeconds: 120)
            } throws: {
                "\($0)".contains("refused this process: this process's certificate has expired")
            }
        }
        #expect(reason.contains("certificate has expired"))
    }
}
