import MawsBase

// The messages of trainers: with the coordinator, and with servers.

extension Roster: WireValue {
    static var minimumByteCount: Int { 4 }
    init(from reader: inout BodyReader) throws(WireError) { self.init(servers: try reader.array()) }
    func write(to writer: inout BodyWriter) { writer.writeArray(servers) }
}

extension ServerAddress: WireValue {
    static var minimumByteCount: Int { 14 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(shard: try reader.value(), host: try reader.value(), port: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(shard)
        writer.write(host)
        writer.write(port)
    }
}

extension Lease: WireValue {
    static var minimumByteCount: Int { 40 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            id: try reader.value(), term: try reader.value(), stage: try reader.value(), step: try reader.value(),
            phase: try reader.value(), unit: try reader.value(), milliseconds: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(id)
        writer.write(term)
        writer.write(stage)
        writer.write(step)
        writer.write(phase)
        writer.write(unit)
        writer.write(milliseconds)
    }
}

extension UnitDone: WireValue {
    static var minimumByteCount: Int { 60 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            lease: try reader.value(), stage: try reader.value(), step: try reader.value(),
            phase: try reader.value(), unit: try reader.value(), loss: try reader.value(),
            skipped: try reader.array(), result: try reader.byteArray(), computeSeconds: try reader.value(),
            waitSeconds: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(lease)
        writer.write(stage)
        writer.write(step)
        writer.write(phase)
        writer.write(unit)
        writer.write(loss)
        writer.writeArray(skipped)
        writer.writeBytes(result)
        writer.write(computeSeconds)
        writer.write(waitSeconds)
    }
}

extension Push: WireValue {
    static var minimumByteCount: Int { 29 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            term: try reader.value(), stage: try reader.value(), step: try reader.value(), unit: try reader.value(),
            block: try reader.value(), encoding: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(term)
        writer.write(stage)
        writer.write(step)
        writer.write(unit)
        writer.write(block)
        writer.write(encoding)
    }
}

extension Post: WireValue {
    static var minimumByteCount: Int { 24 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            term: try reader.value(), stage: try reader.value(), step: try reader.value(), unit: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(term)
        writer.write(stage)
        writer.write(step)
        writer.write(unit)
    }
}
