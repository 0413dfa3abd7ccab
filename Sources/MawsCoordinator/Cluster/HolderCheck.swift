import Foundation
import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire
import Synchronization

/// Finds out what became of a silent server whose connection still stands, where trainers reach it; `LineRule` says
/// what that means.
package final class HolderCheck: Sendable {
    private static let pauseSeconds = 0.25
    private static let askSeconds = 2.0

    private let identity: TLSIdentity
    private let mailbox: Mailbox<NodeEvent>
    /// How long a server is looked for; after that its connection ends by itself.
    private let limitSeconds: Double
    /// Checks under way, and whether another one was asked for meanwhile.
    private let underWay = Mutex<[PeerID: Bool]>([:])

    package init(identity: TLSIdentity, mailbox: Mailbox<NodeEvent>, limitSeconds: Double) {
        self.identity = identity
        self.mailbox = mailbox
        self.limitSeconds = limitSeconds
    }

    /// Posts `lost` once the server, or its line, is known to be gone. A check is of one silence, which lasts when it
    /// begins, and ends with it.
    package func begin(_ holder: Peer) {
        guard let address = holder.listens, isFirst(holder.id) else { return }
        Thread.detachNewThread { [self] in
            repeat {
                if let loss = loss(of: holder, address) { mailbox.post(.lost(holder.id, loss)) }
            } while isAskedAgain(holder.id)
        }
    }

    private func isFirst(_ id: PeerID) -> Bool {
        underWay.withLock { underWay in
            let isFirst = underWay[id] == nil
            underWay[id] = !isFirst
            return isFirst
        }
    }

    /// Whether the next silence began before the check of this one had noticed its end.
    private func isAskedAgain(_ id: PeerID) -> Bool {
        underWay.withLock { underWay in
            let isAskedAgain = underWay[id] == true
            underWay[id] = isAskedAgain ? false : nil
            return isAskedAgain
        }
    }

    private func loss(of holder: Peer, _ address: NetworkAddress) -> PeerLoss? {
        let start = Moment.now()
        var longest = CoordinatorCore.silentServerSeconds
        while Moment.now().seconds(since: start) < limitSeconds {
            Thread.sleep(forTimeInterval: Self.pauseSeconds)
            let silence = holder.connection.silentSeconds
            // Otherwise it spoke.
            guard silence >= longest else { return nil }
            longest = silence
            let wasHeldUp = holder.line.isHeldUp
            let found = find(holder.origin, address)
            let loss = LineRule.loss(
                found, silentSeconds: silence, holder.connection.silentSeconds,
                isHeldUp: wasHeldUp || holder.line.isHeldUp)
            if let loss { return .gone(loss, silentSeconds: silence, at: address) }
        }
        return nil
    }

    /// What is there in place of the process with this origin.
    private func find(_ origin: UInt64, _ address: NetworkAddress) -> LineRule.Finding {
        do {
            let connection = try Connection.connect(
                host: address.host, port: address.port, identity: identity, expecting: .server,
                timeoutSeconds: Self.askSeconds)
            defer { connection.close() }
            let state = try connection.linkState(of: origin, timeoutSeconds: Self.askSeconds)
            return state.isOpen ? .theProcess : .anotherProcess
        } catch TransportError.connectionRefused {
            return .nobody
        } catch {
            return .noAnswer
        }
    }
}
