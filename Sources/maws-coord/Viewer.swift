import Foundation
import MawsBase
import MawsRecords
import MawsTransport
import MawsWire

/// A viewer's connection to a coordinator: it may ask for the status and nothing else.
struct Viewer {
    private static let timeoutSeconds = 10.0

    private let connection: Connection
    private let target: String

    init(_ options: ViewerOptions) throws {
        target = options.target
        let address = try options.address()
        let identity = try TLSIdentity(folder: try options.certificateFolder(), role: .viewer)
        do {
            connection = try Connection.connect(
                host: address.host, port: address.port, identity: identity, expecting: .coordinator,
                timeoutSeconds: Self.timeoutSeconds)
        } catch {
            throw ViewerError.unreachable(target: target, reason: "\(error)")
        }
        try send(.hello(Self.hello))
        // Other messages may come first; the welcome says that this one was understood.
        _ = try wait { message in if case .welcome = message { true } else { nil } }
    }

    /// Asks once and waits for the answer.
    func status() throws -> StatusSnapshot {
        try send(.statusRequest)
        let json = try wait { message in if case .status(let bytes) = message { bytes } else { nil } }
        guard let snapshot = try? JSONLine.decode(StatusSnapshot.self, from: json) else {
            throw ViewerError.unexpected(target: target)
        }
        return snapshot
    }

    func close() { connection.close() }

    private static var hello: Hello {
        Hello(
            protocolVersion: ProtocolVersion.current, role: .viewer, name: "viewer-\(getpid())", computeProfile: "",
            dataFingerprint: "", server: nil, term: Term(0))
    }

    private func send(_ message: Message) throws {
        do {
            try connection.send(message)
        } catch {
            throw ViewerError.lost(target: target, reason: "\(error)")
        }
    }

    /// The first message that `pick` takes; heartbeats and what else a viewer does not need are skipped.
    private func wait<Answer>(_ pick: (Message) -> Answer?) throws -> Answer {
        let deadline = Moment.now() + Self.timeoutSeconds
        while true {
            let left = deadline.seconds(since: Moment.now())
            guard left > 0 else { throw ViewerError.silent(target: target, seconds: Self.timeoutSeconds) }
            let message = try receive(timeoutSeconds: left)
            if case .refused(let reason, _) = message { throw ViewerError.refused(target: target, reason: reason) }
            if case .shutdown(_, let reason) = message { throw ViewerError.ended(target: target, reason: reason) }
            if let answer = pick(message) { return answer }
        }
    }

    private func receive(timeoutSeconds: Double) throws -> Message {
        do {
            let incoming = try connection.receive(timeoutSeconds: timeoutSeconds)
            try connection.discardPayload()
            return incoming.message
        } catch let error as TransportError {
            if case .timedOut = error { throw ViewerError.silent(target: target, seconds: Self.timeoutSeconds) }
            throw ViewerError.lost(target: target, reason: "\(error)")
        }
    }
}
