/// Values that are made when they are asked for and kept, up to a number: the one whose last use is longest ago makes
/// room for a new one.
package struct RecentlyUsed<Key: Hashable, Value> {
    private struct Kept {
        var value: Value
        var lastUse: UInt64
    }

    private let limit: Int
    private let dispose: (Value) -> Void
    private var kept: [Key: Kept] = [:]
    private var uses: UInt64 = 0

    /// - Parameter dispose: gets what is dropped.
    package init(limit: Int, dispose: @escaping (Value) -> Void) {
        precondition(limit > 0)
        (self.limit, self.dispose) = (limit, dispose)
    }

    package var count: Int { kept.count }

    package mutating func value(for key: Key, make: () -> Value) -> Value {
        uses += 1
        if let index = kept.index(forKey: key) {
            kept.values[index].lastUse = uses
            return kept.values[index].value
        }
        if kept.count >= limit, let oldest = kept.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            kept[oldest.key] = nil
            dispose(oldest.value.value)
        }
        let value = make()
        kept[key] = Kept(value: value, lastUse: uses)
        return value
    }

    package mutating func removeAll() {
        for entry in kept.values { dispose(entry.value) }
        kept = [:]
    }
}
