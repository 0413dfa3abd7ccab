import MawsBase
import MawsWire

/// What can go wrong between two processes, each as one sentence for a person. `peer` and `address` are `host:port`.
package enum TransportError: Error, Hashable, CustomStringConvertible {
    case unknownHost(host: String, reason: String)
    case connectionRefused(address: String)
    case unreachable(address: String, reason: String)
    case timedOut(peer: String, waitingFor: String, seconds: Double)
    case closed(peer: String)
    case broken(peer: String, reason: String)
    case portInUse(address: String)
    case cannotListen(address: String, reason: String)
    case noCertificate(peer: String)
    case otherCluster(peer: String, presented: String, expected: String)
    case badCertificate(peer: String, reason: String)
    case wrongRole(peer: String, presented: String, needed: [Role])
    case notTLS(peer: String, reason: String)
    case refusedByPeer(peer: String, reason: String)
    case malformed(peer: String, reason: String)
    case badFile(path: String, reason: String)
    case folderNotEmpty(path: String)

    package var description: String {
        switch self {
        case .unknownHost(let host, let reason):
            "cannot find host \(host) (\(reason)); check its spelling and the name service"
        case .connectionRefused(let address):
            "nobody listens at \(address); check that the process there runs and that the port is right"
        case .unreachable(let address, let reason):
            "cannot reach \(address) (\(reason)); check the address, the network and firewalls"
        case .timedOut(let peer, let waitingFor, let seconds):
            "waited \(seconds) s for \(waitingFor) from \(peer); check that it runs and is not overloaded"
        case .closed(let peer):
            "\(peer) closed the connection"
        case .broken(let peer, let reason):
            "the connection with \(peer) broke (\(reason)); check that the process there still runs"
        case .portInUse(let address):
            "\(address) is in use by another process; stop it or choose another port"
        case .cannotListen(let address, let reason):
            "cannot listen at \(address) (\(reason)); choose an address of this machine and a port it may use"
        case .noCertificate(let peer):
            "refused \(peer): it presented no certificate; give it one made by this cluster's `maws-coord certs`"
        case .otherCluster(let peer, let presented, let expected):
            "refused \(peer): its certificate is of \(presented), not signed by the authority of cluster \(expected); "
                + "copy this cluster's certificates to it"
        case .badCertificate(let peer, let reason):
            "refused \(peer): its certificate is not valid (\(reason)); make new ones with `maws-coord certs`"
        case .wrongRole(let peer, let presented, let needed):
            "refused \(peer): its certificate has the role \(presented), but "
                + needed.map(\.rawValue).joined(separator: " or ") + " is needed here"
        case .notTLS(let peer, let reason):
            "refused \(peer): it does not speak TLS 1.3 as this cluster does (\(reason))"
        case .refusedByPeer(let peer, let reason):
            "\(peer) refused this process: \(reason)"
        case .malformed(let peer, let reason):
            "\(peer) sent what the protocol does not allow: \(reason); check that both run one version of maws"
        case .badFile(let path, let reason):
            "\(path): \(reason)"
        case .folderNotEmpty(let path):
            "\(path) is not empty, and certificates are never overwritten; choose another folder or remove it first"
        }
    }
}
