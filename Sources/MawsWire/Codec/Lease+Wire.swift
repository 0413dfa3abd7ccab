import MawsBase

// What proves that a trainer was leased what it sends, and that the shards have it.

extension AuthenticationCode: WireValue {
    static var minimumByteCount: Int { 32 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(words: SIMD4())
        for index in 0..<4 { words[index] = try reader.number() }
    }

    func write(to writer: inout BodyWriter) {
        for index in 0..<4 { writer.write(words[index]) }
    }
}

extension LeaseGrant: WireValue {
    static var minimumByteCount: Int { 45 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            phase: try reader.value(), firstUnit: try reader.value(), unitCount: try reader.value(),
            mayBeNonFinite: try reader.value(), code: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(phase)
        writer.write(firstUnit)
        writer.write(unitCount)
        writer.write(mayBeNonFinite)
        writer.write(code)
    }
}

extension Flush: WireValue {
    static var minimumByteCount: Int { 70 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            term: try reader.value(), stage: try reader.value(), step: try reader.value(), unit: try reader.value(),
            level: try reader.value(), grant: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(term)
        writer.write(stage)
        writer.write(step)
        writer.write(unit)
        writer.write(level)
        writer.write(grant)
    }
}

extension SharedRowsShape: WireValue {
    static var minimumByteCount: Int { 16 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            units: try reader.value(), pieceBytes: try reader.value(), piecesMin: try reader.value(),
            piecesMax: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(units)
        writer.write(pieceBytes)
        writer.write(piecesMin)
        writer.write(piecesMax)
    }
}

extension ServerKeys: WireValue {
    static var minimumByteCount: Int { 96 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(lease: try reader.value(), ring: try reader.value(), own: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(lease)
        writer.write(ring)
        writer.write(own)
    }
}
