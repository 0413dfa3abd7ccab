import CVectorLoops

/// The 256 numbers that 8-bit moments can be, before they are multiplied by their group's scale: the dynamic map of
/// 8-bit Adam, as `create_dynamic_map` of bitsandbytes has it.
///
/// Decade *i* of seven, from 1e-6 to 1, holds the middles of 2^i (with sign) or 2^(i+1) (without) equal parts of
/// 0.1...1, times 10^(i - 6); then come 0 and 1.
package final class DynamicMap: Sendable {
    /// For first moments: from -0.993 to 1.
    package static let signed = DynamicMap(isSigned: true)
    /// For second moments: from 0 to 1.
    package static let unsigned = DynamicMap(isSigned: false)

    /// Ascending.
    package let values: [Float]
    /// For the loops: constants that are never freed.
    package nonisolated(unsafe) let loopTable: UnsafePointer<MawsCodeMap>

    private init(isSigned: Bool) {
        values = Self.values(isSigned: isSigned)
        let middles = zip(values, values.dropFirst()).map { ($0 + $1) * 0.5 } + [.infinity]
        let codes = (0..<65536).map { head in
            // The smallest of the numbers that begin with these bits has the most magnitude when it is negative.
            let bits = UInt32(head) << 16 | (head < 0x8000 ? 0 : 0xFFFF)
            return Self.code(Float(bitPattern: bits), middles)
        }
        let table = UnsafeMutablePointer<MawsCodeMap>.allocate(capacity: 1)
        table.initialize(
            to: MawsCodeMap(values: Self.kept(values), middles: Self.kept(middles), codes: Self.kept(codes)))
        loopTable = UnsafePointer(table)
    }

    private static func kept<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
        memory.initialize(from: elements, count: elements.count)
        return UnsafePointer(memory)
    }

    private static func values(isSigned: Bool) -> [Float] {
        let powers = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]
        var values = [0, 1.0]
        for (decade, power) in powers.enumerated() {
            let parts = (isSigned ? 1 : 2) << decade
            for part in 0..<parts {
                let value = power * (0.1 + 0.9 * (Double(part) + 0.5) / Double(parts))
                values += isSigned ? [value, -value] : [value]
            }
        }
        return values.sorted().map(Float.init)
    }

    /// How many middles lie below.
    private static func code(_ value: Float, _ middles: [Float]) -> UInt8 {
        var (low, high) = (0, 255)
        while low < high {
            let middle = (low + high) / 2
            if middles[middle] < value { low = middle + 1 } else { high = middle }
        }
        return UInt8(low)
    }
}
