import Logging
import MawsBase
import MawsPlan
import MawsProtocol
import MawsWire

/// What peers are called, and what is said of their certificates.
extension CoordinatorNode {
    /// The peer under a name that no other living process of the run has, which is said.
    func named(_ peer: Peer) -> Peer {
        let name = peer.connected.name(among: peers.values.map(\.connected))
        guard name != peer.name else { return peer }
        let advice = "start it with a --name of its own"
        logger.warning("\(peer.label) has the name of another process of the run, is called \(name) here; \(advice)")
        return peer.renamed(name)
    }

    /// Sentences about certificates in their last days: this process's own, the authority's and those of who is here.
    var certificateWarnings: [String] {
        ownWarnings() + peers.sorted { $0.key < $1.key }.compactMap { $0.value.certificateWarning }
    }

    /// Tokens in addresses cannot be kept out of the plan's copies, as trainers need them.
    func warnOfTokens() {
        for split in plan.data where split.shards.contains(where: { $0.hasPrefix("http") && $0.contains("?") }) {
            let advice = "a token is better given to each machine by MAWS_DATA_HOST and MAWS_DATA_QUERY"
            logger.warning("addresses of split \(split.name) have a query, which the plan's copies hold; \(advice)")
        }
    }

    /// Once at the start and once a day.
    func warn(_ now: Moment) {
        warnedAt = now
        for sentence in certificateWarnings { logger.warning("\(sentence)") }
    }

    /// Tells everybody who should end with this coordinator. Machines of a remote cluster stay when the run is not
    /// finished: they look for the coordinator until it is started again.
    package func dismissPeers() {
        let isFinished = outcome == .finished
        guard isFinished || plan.cluster.isLocal else { return }
        let reason = failure ?? (isFinished ? "the run is finished" : "the coordinator stops")
        for peer in peers.values { send(.shutdown(isFinished: isFinished, reason: reason), to: peer) }
        let deadline = world.now() + 2
        for peer in peers.values { peer.outbox.wait(until: deadline) }
    }
}
