import MawsBase

// The messages that open a connection, and those between coordinator and server.

extension Hello: WireValue {
    static var minimumByteCount: Int { 42 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            protocolVersion: try reader.value(), role: try reader.value(), name: try reader.value(),
            computeProfile: try reader.value(), dataFingerprint: try reader.value(), server: try reader.optional(),
            term: try reader.value(), productRate: try reader.value(), origin: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(protocolVersion)
        writer.write(role)
        writer.write(name)
        writer.write(computeProfile)
        writer.write(dataFingerprint)
        writer.write(server != nil)
        if let server { writer.write(server) }
        writer.write(term)
        writer.write(productRate)
        writer.write(origin)
    }
}

extension ServerHello: WireValue {
    static var minimumByteCount: Int { 31 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            shard: try reader.value(), host: try reader.value(), port: try reader.value(), runID: try reader.value(),
            stage: try reader.value(), step: try reader.value(), hasReduced: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(shard)
        writer.write(host)
        writer.write(port)
        writer.write(runID)
        writer.write(stage)
        writer.write(step)
        writer.write(hasReduced)
    }
}

extension Welcome: WireValue {
    static var minimumByteCount: Int { 16 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(term: try reader.value(), plan: try reader.byteArray(), runID: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(term)
        writer.writeBytes(plan)
        writer.write(runID)
    }
}

extension Reply: WireValue {
    static var minimumByteCount: Int { 16 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(term: try reader.value(), request: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(term)
        writer.write(request)
    }
}

extension ServerConfiguration: WireValue {
    static var minimumByteCount: Int { 116 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            term: try reader.value(), runID: try reader.value(), stage: try reader.value(), table: try reader.value(),
            unitsPerStep: try reader.value(), optimizer: try reader.optional(), gatherEncoding: try reader.value(),
            keepsState: try reader.value(), keepsStep: try reader.value(),
            sharedRows: try reader.value(), keys: try reader.value(), request: try reader.value())
        for block in table.blocks where block.isTrainable && optimizer?.fits(block.slots) != true {
            throw reader.badField("slots of block \(block.name)", "are not those of the optimizer")
        }
    }

    func write(to writer: inout BodyWriter) {
        writer.write(term)
        writer.write(runID)
        writer.write(stage)
        writer.write(table)
        writer.write(unitsPerStep)
        writer.write(optimizer != nil)
        if let optimizer { writer.write(optimizer) }
        writer.write(gatherEncoding)
        writer.write(keepsState)
        writer.write(keepsStep)
        writer.write(sharedRows)
        writer.write(keys)
        writer.write(request)
    }
}

extension TensorSlice: WireValue {
    static var minimumByteCount: Int { 20 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            stage: try reader.value(), step: try reader.value(), block: try reader.value(), part: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(stage)
        writer.write(step)
        writer.write(block)
        writer.write(part)
    }
}

extension Reduced: WireValue {
    static var minimumByteCount: Int { 48 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            try reader.value(), stage: try reader.value(), step: try reader.value(), chunkSquares: try reader.array(),
            bytesPushed: try reader.value(), bytesGathered: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(reply)
        writer.write(stage)
        writer.write(step)
        writer.writeArray(chunkSquares)
        writer.write(bytesPushed)
        writer.write(bytesGathered)
    }
}

extension Commit: WireValue {
    static var minimumByteCount: Int { 36 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            term: try reader.value(), stage: try reader.value(), step: try reader.value(),
            learningRate: try reader.value(), clipScale: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(term)
        writer.write(stage)
        writer.write(step)
        writer.write(learningRate)
        writer.write(clipScale)
    }
}
