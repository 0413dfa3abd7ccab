import Foundation
import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire
import Synchronization

/// Finds out whether the process that serves a shard is gone while its connection still stands, when another process
/// asks for its place without the shard's state.
///
/// A silent holder may be busy or stopped, or its line slow. So it is looked for where trainers reach it: it is gone
/// where nobody listens any more, or where another process answers; one that does not answer may be stopped.
final class HolderCheck: Sendable {
    private static let pauseSeconds = 0.25
    private static let askSeconds = 2.0

    private let identity: TLSIdentity
    private let mailbox: Mailbox<NodeEvent>
    /// How long a holder is looked for; after that its connection ends by itself.
    private let limitSeconds: Double
    private let underWay = Mutex<Set<PeerID>>([])

    init(identity: TLSIdentity, mailbox: Mailbox<NodeEvent>, limitSeconds: Double) {
        self.identity = identity
        self.mailbox = mailbox
        self.limitSeconds = limitSeconds
    }

    /// Posts `lost` once the holder is known to be gone.
    func begin(_ holder: Peer) {
        guard let address = holder.listens, underWay.withLock({ $0.insert(holder.id).inserted }) else { return }
        Thread.detachNewThread { [self] in
            if let reason = reasonGone(holder, address) { mailbox.post(.lost(holder.id, reason: reason)) }
            _ = underWay.withLock { $0.remove(holder.id) }
        }
    }

    private func reasonGone(_ holder: Peer, _ address: NetworkAddress) -> String? {
        let start = Moment.now()
        while Moment.now().seconds(since: start) < limitSeconds {
            Thread.sleep(forTimeInterval: Self.pauseSeconds)
            let silence = holder.connection.silentSeconds
            guard silence >= CoordinatorCore.silentServerSeconds else { continue }
            guard let found = whatIsThere(holder.origin, address) else { continue }
            // It spoke while it was looked for.
            guard holder.connection.silentSeconds > silence else { continue }
            return String(format: "silent for %.1f s, and \(found) at \(address)", silence)
        }
        return nil
    }

    /// What is found in place of the process; nil: it may be there still.
    private func whatIsThere(_ origin: UInt64, _ address: NetworkAddress) -> String? {
        do {
            let connection = try Connection.connect(
                host: address.host, port: address.port, identity: identity, expecting: .server,
                timeoutSeconds: Self.askSeconds)
            defer { connection.close() }
            let state = try connection.linkState(of: origin, timeoutSeconds: Self.askSeconds)
            return state.isOpen ? nil : "another process answers"
        } catch TransportError.connectionRefused {
            return "nobody listens any more"
        } catch {
            return nil
        }
    }
}
