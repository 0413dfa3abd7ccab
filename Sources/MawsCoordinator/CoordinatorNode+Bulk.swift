import Foundation
import MawsBase
import MawsPlan
import MawsProtocol
import MawsTransport

/// Servers' connections for tensors, as far as the deciding thread has to do with them.
extension CoordinatorNode {
    /// A server that something is waited for on a connection that it does not open is told so and ended: it comes back
    /// and tries anew, and whoever looks at the run reads why it waits.
    func refuseServersWithoutBulk(_ now: Moment) {
        let limit = plan.cluster.heartbeatTimeoutSeconds
        for peer in peers.values.sorted(by: { $0.id < $1.id }) where !peer.outbox.isFinishing {
            guard let seconds = peer.bulk.emptySeconds(now), seconds >= limit, needsBulk(peer.id) else { continue }
            refuse(peer, .noBulk(seconds: Int(seconds)))
        }
    }

    /// The server whose slices a checkpoint lacks, where that is one.
    var lateWithSlices: String? {
        let late = peers.values.filter { collector.awaits($0.id) }
        return late.count == 1 ? late[0].name : nil
    }

    private func needsBulk(_ id: PeerID) -> Bool {
        collector.awaits(id) || restorers[id] != nil && core.isBusy(id)
    }
}
