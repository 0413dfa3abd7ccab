import MawsProtocol

/// What the nodes of a world say of each other: all of them keep to the protocol, and whoever is said not to is
/// wronged.
extension World {
    func refused(_ name: String, _ refusal: AdmissionRefusal) {
        switch refusal {
        case .shardServed, .newerTerm, .bulkOfNobody, .bulkTooEarly, .bulkTaken, .noBulk: break
        default: oracle.blamed("\(name) is refused: \(refusal)")
        }
    }

    func remarked(_ fact: RunFact) {
        guard case .trainerSetAside(let name, let fault, _) = fact else { return }
        switch fault {
        // Whoever gives units back is set aside for a while, whatever the reason.
        case .returnsUnits, .certificate: break
        default: oracle.blamed("\(name) is set aside: \(fault)")
        }
    }
}
