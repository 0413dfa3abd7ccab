import MawsBase

extension BlockTable: WireValue {
    static var minimumByteCount: Int { 4 }

    init(from reader: inout BodyReader) throws(WireError) { self.init(blocks: try reader.array()) }

    func write(to writer: inout BodyWriter) { writer.writeArray(blocks) }
}

extension ParameterBlock: WireValue {
    static var minimumByteCount: Int { 13 }

    init(from reader: inout BodyReader) throws(WireError) {
        let name = try reader.value(String.self)
        let isTrainable = try reader.value(Bool.self)
        let entries = try reader.array(ParameterEntry.self)
        var end = 0
        for entry in entries {
            guard entry.offset == end else {
                throw reader.badField("offset of \(entry.name)", "is \(entry.offset), not \(end)")
            }
            end = entry.range.upperBound
            guard end <= largestCount else { throw reader.badField("block \(name)", "is larger than 2^40 elements") }
        }
        let slots = try reader.array(WeightSlot.self)
        guard isTrainable || slots.isEmpty, Set(slots.map(\.name)).count == slots.count else {
            throw reader.badField("slots of block \(name)", "are those of a frozen block, or two have one name")
        }
        self.init(name: name, isTrainable: isTrainable, entries: entries, slots: slots)
    }

    func write(to writer: inout BodyWriter) {
        writer.write(name)
        writer.write(isTrainable)
        writer.writeArray(entries)
        writer.writeArray(slots)
    }
}

extension ParameterEntry: WireValue {
    static var minimumByteCount: Int { 22 }

    init(from reader: inout BodyReader) throws(WireError) {
        let name = try reader.value(String.self)
        let sides = try reader.array(ShapeSide.self)
        var count = 1
        for side in sides {
            let (product, overflow) = count.multipliedReportingOverflow(by: side.length)
            guard !overflow, product <= largestCount else {
                throw reader.badField("shape of \(name)", "has more than 2^40 elements")
            }
            count = product
        }
        self.init(
            name: name, shape: sides.map(\.length), offset: try reader.size("offset"), decays: try reader.value(),
            initializer: .zeros)
        learningRateScale = try reader.value()
        initializer = try reader.value()
    }

    func write(to writer: inout BodyWriter) {
        writer.write(name)
        writer.writeArray(shape.map(ShapeSide.init))
        writer.write(UInt64(offset))
        writer.write(decays)
        writer.write(learningRateScale)
        writer.write(initializer)
    }
}

/// Elements in a block at most; keeps sums of offsets far from overflow.
private let largestCount = 1 << 40

private struct ShapeSide: WireValue {
    static var minimumByteCount: Int { 8 }
    let length: Int

    init(_ length: Int) { self.length = length }
    init(from reader: inout BodyReader) throws(WireError) { length = try reader.size("side of a shape") }
    func write(to writer: inout BodyWriter) { writer.write(UInt64(length)) }
}

extension Initializer: WireValue {
    static var minimumByteCount: Int { 1 }

    init(from reader: inout BodyReader) throws(WireError) {
        switch try reader.number(UInt8.self) {
        case 0: self = .zeros
        case 1: self = .ones
        case 2: self = .constant(try reader.value())
        case 3: self = .truncatedNormal(try reader.value())
        case 4: self = .normal(try reader.value())
        case 5: self = .xavierUniform(fanIn: try reader.size("fan-in"), fanOut: try reader.size("fan-out"))
        case 6: self = .sineCosine(gridSide: try reader.size("grid side", atMost: 1 << 16))
        case let other: throw reader.badField("initializer", "is \(other), which is none")
        }
    }

    func write(to writer: inout BodyWriter) {
        switch self {
        case .zeros: writer.write(UInt8(0))
        case .ones: writer.write(UInt8(1))
        case .constant(let value): Self.write(tag: 2, value, to: &writer)
        case .truncatedNormal(let std): Self.write(tag: 3, std, to: &writer)
        case .normal(let std): Self.write(tag: 4, std, to: &writer)
        case .xavierUniform(let fanIn, let fanOut):
            writer.write(UInt8(5))
            writer.write(UInt64(fanIn))
            writer.write(UInt64(fanOut))
        case .sineCosine(let gridSide):
            writer.write(UInt8(6))
            writer.write(UInt64(gridSide))
        }
    }

    private static func write(tag: UInt8, _ value: Float, to writer: inout BodyWriter) {
        writer.write(tag)
        writer.write(value)
    }
}
