import MawsBase

/// A value with one fixed byte form, given in `Protocol/wire.md`.
protocol WireValue {
    /// Bytes of the shortest form; an array's announced count is checked against it before room is made.
    static var minimumByteCount: Int { get }
    init(from reader: inout BodyReader) throws(WireError)
    func write(to writer: inout BodyWriter)
}

extension WireValue where Self: FixedWidthInteger & BitwiseCopyable {
    static var minimumByteCount: Int { bitWidth / 8 }
    init(from reader: inout BodyReader) throws(WireError) { self = try reader.number() }
    func write(to writer: inout BodyWriter) { writer.append(self) }
}

extension UInt8: WireValue {}
extension UInt16: WireValue {}
extension UInt32: WireValue {}
extension UInt64: WireValue {}

extension Double: WireValue {
    static var minimumByteCount: Int { 8 }
    init(from reader: inout BodyReader) throws(WireError) { self.init(bitPattern: try reader.number()) }
    func write(to writer: inout BodyWriter) { writer.write(bitPattern) }
}

extension Float: WireValue {
    static var minimumByteCount: Int { 4 }
    init(from reader: inout BodyReader) throws(WireError) { self.init(bitPattern: try reader.number()) }
    func write(to writer: inout BodyWriter) { writer.write(bitPattern) }
}

extension Bool: WireValue {
    static var minimumByteCount: Int { 1 }

    init(from reader: inout BodyReader) throws(WireError) {
        switch try reader.number(UInt8.self) {
        case 0: self = false
        case 1: self = true
        case let other: throw reader.badField("flag", "is \(other), neither 0 nor 1")
        }
    }

    func write(to writer: inout BodyWriter) { writer.write(UInt8(self ? 1 : 0)) }
}

extension String: WireValue {
    static var minimumByteCount: Int { 4 }

    init(from reader: inout BodyReader) throws(WireError) {
        guard let text = String(validating: try reader.byteArray(), as: UTF8.self) else {
            throw reader.badField("text", "is not UTF-8")
        }
        self = text
    }

    func write(to writer: inout BodyWriter) { writer.writeBytes(utf8) }
}

extension StageIndex: WireValue {
    static var minimumByteCount: Int { 4 }
    init(from reader: inout BodyReader) throws(WireError) { self.init(try reader.number()) }
    func write(to writer: inout BodyWriter) { writer.write(value) }
}

extension StepIndex: WireValue {
    static var minimumByteCount: Int { 8 }
    init(from reader: inout BodyReader) throws(WireError) { self.init(try reader.number()) }
    func write(to writer: inout BodyWriter) { writer.write(value) }
}

extension UnitIndex: WireValue {
    static var minimumByteCount: Int { 4 }
    init(from reader: inout BodyReader) throws(WireError) { self.init(try reader.number()) }
    func write(to writer: inout BodyWriter) { writer.write(value) }
}

extension Term: WireValue {
    static var minimumByteCount: Int { 8 }
    init(from reader: inout BodyReader) throws(WireError) { self.init(try reader.number()) }
    func write(to writer: inout BodyWriter) { writer.write(value) }
}

extension RequestNumber: WireValue {
    static var minimumByteCount: Int { 8 }
    init(from reader: inout BodyReader) throws(WireError) { self.init(try reader.number()) }
    func write(to writer: inout BodyWriter) { writer.write(value) }
}

extension ShardIdentity: WireValue {
    static var minimumByteCount: Int { 8 }

    init(from reader: inout BodyReader) throws(WireError) {
        let index = try reader.number(UInt32.self)
        let count = try reader.number(UInt32.self)
        guard index < count else { throw reader.badField("shard", "is \(index)/\(count)") }
        self.init(index: Int(index), count: Int(count))
    }

    func write(to writer: inout BodyWriter) {
        writer.write(UInt32(index))
        writer.write(UInt32(count))
    }
}

extension Role: WireValue {
    static var minimumByteCount: Int { 1 }

    init(from reader: inout BodyReader) throws(WireError) {
        switch try reader.number(UInt8.self) {
        case 1: self = .coordinator
        case 2: self = .server
        case 3: self = .trainer
        case 4: self = .viewer
        case let other: throw reader.badField("role", "is \(other), which is none")
        }
    }

    func write(to writer: inout BodyWriter) {
        let number: UInt8 =
            switch self {
            case .coordinator: 1
            case .server: 2
            case .trainer: 3
            case .viewer: 4
            }
        writer.write(number)
    }
}

extension TensorEncoding: WireValue {
    static var minimumByteCount: Int { 1 }

    init(from reader: inout BodyReader) throws(WireError) {
        let number = try reader.number(UInt8.self)
        guard let encoding = TensorEncoding(rawValue: number) else {
            throw reader.badField("tensor encoding", "is \(number), which is none")
        }
        self = encoding
    }

    func write(to writer: inout BodyWriter) { writer.write(rawValue) }
}
