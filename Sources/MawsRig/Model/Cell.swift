import MawsBase

/// What stands for a chunk of a tensor: a digest that depends on all that the chunk was made of, and in which order.
package struct Cell: Hashable {
    package var digest: UInt64
    /// How often each unit of the step is in it, four bits a unit; 0 of what is no gradient.
    package var units: UInt64

    package init(digest: UInt64, units: UInt64 = 0) { (self.digest, self.units) = (digest, units) }

    /// The sum of two gradients: which is left and which right makes a difference, and so does what was added first.
    package static func + (left: Cell, right: Cell) -> Cell {
        Cell(digest: Digest.of(left.digest, right.digest), units: left.units &+ right.units)
    }

    /// Stands for the chunk's sum of squares.
    var square: Double { Double(digest % 4096) + 1 }
}

/// A number made of numbers, any of which, and whose order, changes it.
enum Digest {
    static func of(_ numbers: UInt64...) -> UInt64 {
        var digest: UInt64 = 0x6A09_E667_F3BC_C908
        for number in numbers { digest = CounterRandom.mix((digest &* 0x9E37_79B9_7F4A_7C15) ^ number) }
        return digest
    }

    static func of(_ cells: [Cell], from start: UInt64 = 0) -> UInt64 {
        cells.reduce(start) { CounterRandom.mix(($0 &* 0x9E37_79B9_7F4A_7C15) ^ $1.digest) }
    }
}
