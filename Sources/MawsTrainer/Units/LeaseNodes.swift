import MawsBase
import MawsWire

/// Neighbouring units that were leased together and whose gradients leave as one sum: nodes of the servers' tree.
enum LeaseNodes {
    /// - Parameters:
    ///   - leases: of one phase of one step, in the order in which they are computed.
    ///   - levels: nodes have at most 2^levels units.
    /// - Returns: the leases in their order, cut into nodes as large as may be; each has a power of 2 of them.
    static func cut(_ leases: [Lease], levels: Int) -> [ArraySlice<Lease>] {
        var nodes: [ArraySlice<Lease>] = []
        var rest = leases[...]
        while !rest.isEmpty {
            let level = (0...levels).last { isNode(rest.prefix(1 << $0), level: $0) } ?? 0
            nodes.append(rest.prefix(1 << level))
            rest = rest.dropFirst(1 << level)
        }
        return nodes
    }

    private static func isNode(_ leases: ArraySlice<Lease>, level: Int) -> Bool {
        guard leases.count == 1 << level, let first = leases.first?.unit.value, first % (1 << level) == 0 else {
            return false
        }
        return leases.enumerated().allSatisfy { $1.unit.value == first + UInt32($0) }
    }
}
