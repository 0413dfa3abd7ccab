import MawsPlan
import MawsTensor

/// One input of a unit's batch: a tensor of the shape that its specification says, for each sample that has it.
package struct UnitInput: Sendable {
    private enum Values {
        case float32(FloatSlice)
        case int32([Int32])
    }

    package let specification: InputSpecification
    /// Rows of the unit that it holds, ascending: all, unless another input stands for this one, or it for another.
    package let rows: [Int]
    private let values: Values

    private init(_ specification: InputSpecification, rows: [Int], _ values: Values) {
        (self.specification, self.rows, self.values) = (specification, rows, values)
    }

    /// - Parameters:
    ///   - rows: nil: every row of the unit.
    ///   - floats: [rows] + the specification's shape.
    package init(_ specification: InputSpecification, rows: [Int]? = nil, _ floats: FloatSlice) {
        let count = specification.count
        let rows = rows ?? Array(0..<floats.count / count)
        precondition(specification.element == .float32 && floats.count == rows.count * count)
        self.init(specification, rows: rows, .float32(floats))
    }

    /// - Parameter integers: [unit] + the specification's shape.
    package init(_ specification: InputSpecification, _ integers: [Int32]) {
        precondition(specification.element != .float32 && integers.count % specification.count == 0)
        self.init(specification, rows: Array(0..<integers.count / specification.count), .int32(integers))
    }

    /// An input that no sample has.
    package init(_ specification: InputSpecification) {
        switch specification.element {
        case .float32: self.init(specification, FloatBuffer(count: 0).all)
        case .int32: self.init(specification, [])
        }
    }

    /// The values of an input of floats, [rows] + the specification's shape.
    package var floats: FloatSlice {
        guard case .float32(let floats) = values else {
            preconditionFailure("input \(specification.name.rawValue) has no floats")
        }
        return floats
    }

    /// The values of an input of integers, [rows] + the specification's shape.
    package var integers: [Int32] {
        guard case .int32(let integers) = values else {
            preconditionFailure("input \(specification.name.rawValue) has no integers")
        }
        return integers
    }

    package var byteCount: Int { rows.count * specification.byteCount }

    /// Some rows of the unit, numbered from 0; floats are not copied.
    func part(_ range: Range<Int>) -> UnitInput {
        let first = rows.firstIndex { $0 >= range.lowerBound } ?? rows.count
        let end = rows.firstIndex { $0 >= range.upperBound } ?? rows.count
        let (own, each) = (rows[first..<end].map { $0 - range.lowerBound }, specification.count)
        switch values {
        case .float32(let floats):
            return UnitInput(specification, rows: own, .float32(floats.part(first * each, own.count * each)))
        case .int32(let integers):
            return UnitInput(specification, rows: own, .int32(Array(integers[first * each..<end * each])))
        }
    }
}
