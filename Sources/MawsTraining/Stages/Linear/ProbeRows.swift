/// The rows that units of a linear probe share, of one unit or of several, one after another.
///
/// They are fp32 numbers only: the features [n × width], then the classes [n], then the samples' indices in the split,
/// first what they have above their low 16 bits [n], then those [n]. Classes are exact below 2^24, indices below 2^40.
package struct ProbeRows: Equatable {
    /// Numbers of a row beside its features.
    package static let extraFloats = 3
    private static let lowBits = 16
    private static let exact: Float = 16_777_216

    /// [samples × width].
    package private(set) var features: [Float] = []
    /// Class of each sample, -1 where unknown.
    package private(set) var labels: [Int] = []
    /// Index of each sample in its split.
    package private(set) var samples: [Int] = []

    package init(features: [Float], labels: [Int], samples: [Int]) {
        self.features = features
        self.labels = labels
        self.samples = samples
    }

    /// - Throws: `StageError` where a unit's are not whole rows, or a class or an index no such number.
    package init(_ gathered: ArraySlice<SharedRows>, width: Int) throws {
        let rowFloats = width + Self.extraFloats
        for part in gathered {
            let count = part.rows.count / rowFloats
            guard part.rows.count == count * rowFloats else {
                throw StageError.malformedRows(unit: part.unit, floats: part.rows.count, rowWidth: rowFloats)
            }
            let numbers = Array(part.rows[(count * width)...])
            features += part.rows[..<(count * width)]
            for row in 0..<count {
                labels.append(try Self.whole(numbers[row], from: -1, part.unit))
                let high = try Self.whole(numbers[count + row], from: 0, part.unit)
                let low = try Self.whole(numbers[2 * count + row], from: 0, part.unit)
                samples.append(high << Self.lowBits + low)
            }
        }
    }

    /// The rows as they are shared.
    package var floats: [Float] {
        features + labels.map { Float($0) } + samples.map { Float($0 >> Self.lowBits) }
            + samples.map { Float($0 & (1 << Self.lowBits - 1)) }
    }

    private static func whole(_ value: Float, from least: Float, _ unit: UInt32) throws -> Int {
        guard value >= least, value < exact, value == value.rounded() else {
            throw StageError.malformedNumber(unit: unit, value: "\(value)")
        }
        return Int(value)
    }
}
