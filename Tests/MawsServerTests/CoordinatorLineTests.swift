import Foundation
import MawsBase
import MawsServer
import MawsTransport
import MawsWire
import Testing

/// A line to the coordinator on which nothing comes any more, though the server was told of no end.
@Suite(.serialized) struct CoordinatorLineTests {
    /// A coordinator that is busy, twice, and then one that has dropped the line.
    @Test func theServerAsksOnANewConnectionAndBelievesTheAnswer() throws {
        let cluster = try FakeCluster(shards: 1)
        let (connection, hello) = try cluster.greet(cluster.launch(0))
        let answers = [
            LinkState(isOpen: true, isHeldUp: false, bytesReceived: 0, bytesSent: connection.bytesSent),
            LinkState(isOpen: true, isHeldUp: false, bytesReceived: 0, bytesSent: connection.bytesSent), .unknown,
        ]
        for answer in answers {
            let (other, message) = try cluster.acceptAny()
            #expect(message == .linkRequest(origin: hello.origin))
            try other.send(.linkState(Reply(term: Term(0), request: RequestNumber(hello.origin)), answer))
        }
        let end = try #require(throws: ServerError.self) { try cluster.lastThread.wait() }
        #expect("\(end)".contains(LineWatch.deadReason))
    }

    /// The coordinator looks whether the process that it knows is still there.
    @Test func theServerSaysWhetherItIsTheProcessThatTheCoordinatorMeans() throws {
        let cluster = try FakeCluster(shards: 1)
        let (connection, hello) = try cluster.greet(cluster.launch(0))
        let address = try #require(hello.server)
        func asked(_ origin: UInt64) throws -> LinkState {
            let other = try Connection.connect(
                host: address.host, port: address.port,
                identity: TLSIdentity(folder: "\(cluster.folder)/certificates", role: .coordinator),
                expecting: .server, timeoutSeconds: 120)
            defer { other.close() }
            return try other.linkState(of: origin, timeoutSeconds: 120)
        }
        #expect(try asked(hello.origin).isOpen)
        #expect(try !asked(hello.origin ^ 1).isOpen)
        connection.close()
        #expect(throws: ServerError.self) { try cluster.lastThread.wait() }
    }

    /// A coordinator's certificate opens nothing else there.
    @Test func aCoordinatorIsNotServedAsATrainer() throws {
        let cluster = try FakeCluster(shards: 1)
        let (connection, hello) = try cluster.greet(cluster.launch(0))
        let address = try #require(hello.server)
        let other = try Connection.connect(
            host: address.host, port: address.port,
            identity: TLSIdentity(folder: "\(cluster.folder)/certificates", role: .coordinator),
            expecting: .server, timeoutSeconds: 120)
        try other.send(
            .hello(
                Hello(
                    protocolVersion: ProtocolVersion.current, role: .trainer, name: "trainer-0", computeProfile: "",
                    dataFingerprint: "", server: nil, term: Term(1))))
        guard case .refused(let reason, false) = try other.receive(timeoutSeconds: 120).message else {
            Issue.record("it was not refused")
            return
        }
        #expect(reason.contains("may only ask"))
        connection.close()
        #expect(throws: ServerError.self) { try cluster.lastThread.wait() }
    }
}
