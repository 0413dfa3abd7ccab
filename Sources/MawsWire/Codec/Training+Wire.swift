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
    static var minimumByteCount: Int { 89 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            id: try reader.value(), term: try reader.value(), stage: try reader.value(), step: try reader.value(),
            phase: try reader.value(), unit: try reader.value(), milliseconds: try reader.value(),
            excluded: try reader.array(), grant: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(id)
        writer.write(term)
        writer.write(stage)
        writer.write(step)
        writer.write(phase)
        writer.write(unit)
        writer.write(milliseconds)
        writer.writeArray(excluded)
        writer.write(grant)
    }
}

extension UnitDone: WireValue {
    static var minimumByteCount: Int { 94 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            lease: try reader.value(), stage: try reader.value(), step: try reader.value(),
            phase: try reader.value(), unit: try reader.value(), loss: try reader.value(),
            skipped: try reader.array(), result: try reader.byteArray(), computeSeconds: try reader.value(),
            waitSeconds: try reader.value(), isFinite: try reader.value(), level: try reader.value(),
            receipt: try reader.value())
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
        writer.write(isFinite)
        writer.write(level)
        writer.write(receipt)
    }
}

extension UnitFailed: WireValue {
    static var minimumByteCount: Int { 13 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(lease: try reader.value(), reason: try reader.value(), sample: try reader.optional())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(lease)
        writer.write(reason)
        writer.write(sample != nil)
        if let sample { writer.write(sample) }
    }
}

extension LostSample: WireValue {
    static var minimumByteCount: Int { 36 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            slot: try reader.value(), index: try reader.value(), shard: try reader.value(),
            member: try reader.value(), offset: try reader.value(), reason: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(slot)
        writer.write(index)
        writer.write(shard)
        writer.write(member)
        writer.write(offset)
        writer.write(reason)
    }
}

extension Push: WireValue {
    static var minimumByteCount: Int { 75 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            term: try reader.value(), stage: try reader.value(), step: try reader.value(), unit: try reader.value(),
            level: try reader.value(), block: try reader.value(), encoding: try reader.value(),
            grant: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(term)
        writer.write(stage)
        writer.write(step)
        writer.write(unit)
        writer.write(level)
        writer.write(block)
        writer.write(encoding)
        writer.write(grant)
    }
}

extension UnitRows: WireValue {
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

extension LinkState: WireValue {
    static var minimumByteCount: Int { 18 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            isOpen: try reader.value(), isHeldUp: try reader.value(), bytesReceived: try reader.value(),
            bytesSent: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(isOpen)
        writer.write(isHeldUp)
        writer.write(bytesReceived)
        writer.write(bytesSent)
    }
}
