import MawsBase
import Synchronization

/// Counts the connections of those who have proven who they are, by certificate.
final class Census: Sendable {
    /// A connection's place in the count; given back when the connection's memory is.
    final class Place: Sendable {
        private let census: Census
        private let certificate: String

        init(_ census: Census, _ certificate: String) { (self.census, self.certificate) = (census, certificate) }

        deinit { census.leave(certificate) }
    }

    private struct State {
        var byCertificate: [String: Int] = [:]
        var total = 0
    }

    private let state = Mutex(State())

    /// A place for one more connection, or why there is none.
    func enter(_ peer: PeerIdentity, _ budget: ReceptionBudget) -> Result<Place, NoPlace> {
        let certificate = "\(peer.role.rawValue) \(peer.name)"
        let limit = budget.perCertificateMax(peer.role)
        return state.withLock { state in
            guard state.total < budget.connectionsMax else {
                return .failure(NoPlace(sentence: "\(state.total) connections are open here, which is the most"))
            }
            let count = state.byCertificate[certificate] ?? 0
            guard count < limit else {
                let sentence = "\(count) connections with the \(peer.role) certificate \(peer.name) are open, the most"
                return .failure(NoPlace(sentence: sentence))
            }
            state.total += 1
            state.byCertificate[certificate] = count + 1
            return .success(Place(self, certificate))
        }
    }

    private func leave(_ certificate: String) {
        state.withLock { state in
            state.total -= 1
            let count = (state.byCertificate[certificate] ?? 1) - 1
            state.byCertificate[certificate] = count > 0 ? count : nil
        }
    }
}

struct NoPlace: Error {
    let sentence: String
}
