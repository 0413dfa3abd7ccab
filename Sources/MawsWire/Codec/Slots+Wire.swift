import MawsBase

// The slots of a weight, and what makes their next version.

extension WeightSlot: WireValue {
    static var minimumByteCount: Int { 6 }

    init(from reader: inout BodyReader) throws(WireError) {
        let name = try reader.value(String.self)
        guard 1...Self.nameLengthMax ~= name.utf8.count else {
            throw reader.badField("name of a slot", "has \(name.utf8.count) bytes, not 1 to \(Self.nameLengthMax)")
        }
        self.init(name, try reader.value(), try reader.value())
        guard rule.encodings.contains(encoding) else {
            throw reader.badField("encoding of slot \(name)", "is \(encoding), which its rule has not")
        }
    }

    func write(to writer: inout BodyWriter) {
        writer.write(name)
        writer.write(encoding)
        writer.write(rule)
    }
}

extension SlotEncoding: WireValue {
    static var minimumByteCount: Int { 1 }

    init(from reader: inout BodyReader) throws(WireError) {
        switch try reader.number(UInt8.self) {
        case 0: self = .fp32
        case 1: self = .bf16
        case 2: self = .int8
        case 3: self = .uint8
        case let other: throw reader.badField("slot encoding", "is \(other), which is none")
        }
    }

    func write(to writer: inout BodyWriter) {
        let number: UInt8 =
            switch self {
            case .fp32: 0
            case .bf16: 1
            case .int8: 2
            case .uint8: 3
            }
        writer.write(number)
    }
}

extension SlotRule: WireValue {
    static var minimumByteCount: Int { 1 }

    init(from reader: inout BodyReader) throws(WireError) {
        switch try reader.number(UInt8.self) {
        case 0: self = .gradientMean
        case 1: self = .squareMean
        case 2: self = .momentum
        case 3: self = .weightAverage
        case let other: throw reader.badField("slot rule", "is \(other), which is none")
        }
    }

    func write(to writer: inout BodyWriter) {
        let number: UInt8 =
            switch self {
            case .gradientMean: 0
            case .squareMean: 1
            case .momentum: 2
            case .weightAverage: 3
            }
        writer.write(number)
    }
}

/// The slot's name; an empty text is the weight.
extension WeightPart: WireValue {
    static var minimumByteCount: Int { 4 }

    init(from reader: inout BodyReader) throws(WireError) {
        let name = try reader.value(String.self)
        self = name.isEmpty ? .weight : .slot(name)
    }

    func write(to writer: inout BodyWriter) {
        switch self {
        case .weight: writer.write("")
        case .slot(let name): writer.write(name)
        }
    }
}

extension OptimizerConfiguration: WireValue {
    static var minimumByteCount: Int { 27 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(
            try reader.value(), weightDecay: try reader.value(), average: try reader.optional(),
            seed: try reader.value())
    }

    func write(to writer: inout BodyWriter) {
        writer.write(rule)
        writer.write(weightDecay)
        writer.write(average != nil)
        if let average { writer.write(average) }
        writer.write(seed)
    }
}

extension OptimizerRule: WireValue {
    static var minimumByteCount: Int { 10 }

    init(from reader: inout BodyReader) throws(WireError) {
        switch try reader.number(UInt8.self) {
        case 0:
            self = .adamw(beta1: try reader.value(), beta2: try reader.value(), epsilon: try reader.value())
        case 1:
            let (momentum, isNesterov) = (try reader.value(Double.self), try reader.value(Bool.self))
            guard momentum >= 0, momentum > 0 || !isNesterov else {
                throw reader.badField("momentum", "is \(momentum), which \(isNesterov ? "Nesterov's" : "none") can be")
            }
            self = .sgd(momentum: momentum, isNesterov: isNesterov)
        case let other: throw reader.badField("optimizer", "is \(other), which is none")
        }
    }

    func write(to writer: inout BodyWriter) {
        switch self {
        case .adamw(let beta1, let beta2, let epsilon):
            writer.write(UInt8(0))
            writer.write(beta1)
            writer.write(beta2)
            writer.write(epsilon)
        case .sgd(let momentum, let isNesterov):
            writer.write(UInt8(1))
            writer.write(momentum)
            writer.write(isNesterov)
        }
    }
}

extension AverageConfiguration: WireValue {
    static var minimumByteCount: Int { 9 }

    init(from reader: inout BodyReader) throws(WireError) {
        self.init(decay: try reader.value(), warmsUp: try reader.value())
        guard 0 <= decay, decay < 1 else { throw reader.badField("decay of the average", "is \(decay), not 0 to 1") }
    }

    func write(to writer: inout BodyWriter) {
        writer.write(decay)
        writer.write(warmsUp)
    }
}
