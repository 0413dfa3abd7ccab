/// Walks the headers of a tar file with positioned reads; members' data is passed over, not read.
///
/// What makes no sense is reported and passed over: a member that may not be in a shard on its own, and behind a broken
/// header everything up to the next whole one.
struct TarReader {
    struct Member {
        var name: String
        /// Where the member's first header lies (its long name or pax record included).
        var headerOffset: UInt64
        var dataOffset: UInt64
        var size: UInt64
    }

    /// Something that was passed over.
    struct Damage: Error {
        /// Empty where no name is known.
        var member: String
        var offset: UInt64
        var problem: TarProblem
    }

    private let file: any ByteSource
    /// Of the next header.
    private(set) var offset: UInt64
    private var window: [UInt8] = []
    private var windowOffset: UInt64 = 0
    private var lastSize: UInt64
    private var lastName = ""
    private var isAtEnd = false

    private static let longNameSizeMax: UInt64 = 1 << 16

    /// - Parameter offset: of a header, the file's first unless a member found before is read again.
    init(_ file: any ByteSource, offset: UInt64 = 0) {
        self.file = file
        self.offset = offset
        lastSize = offset == 0 ? 0 : .max
    }

    /// The next regular member, or what stands in its place; nil at the end-of-archive mark. Throws when the file
    /// cannot be read, or is no tar file from its first header on.
    mutating func next() throws -> Result<Member, Damage>? {
        if isAtEnd { return nil }
        let first = offset
        lastName = ""
        do {
            return try advance(from: first).map { .success($0) }
        } catch let problem as TarProblem {
            let damage = Damage(member: lastName, offset: first, problem: problem)
            if problem.breaksTheChain {
                // Bytes that do not even begin as a tar file are no shard.
                if offset == 0, !(try startsAsTar()) {
                    throw DataError.shard(path: file.path, offset: 0, problem: "\(problem)")
                }
                try findHeader()
            }
            return .failure(damage)
        }
    }

    private mutating func startsAsTar() throws -> Bool {
        guard let block = try header() else { return false }
        return (try? TarHeader(block: block)) != nil
    }

    private mutating func advance(from first: UInt64) throws -> Member? {
        var overrides = Overrides()
        while let block = try header() {
            var header = try TarHeader(block: block)
            if let size = overrides.size { header.size = size }
            let name = overrides.name ?? header.name
            lastName = name
            let dataOffset = offset + UInt64(TarHeader.blockSize)
            try checkEnd(name: name, dataOffset: dataOffset, size: header.size)
            switch header.kind {
            case .longName: overrides.name = TarHeader.text(try smallData(header.size)[...])
            case .extended: try overrides.read(try smallData(header.size))
            default: break
            }
            pass(header.size)
            switch header.kind {
            case .file:
                return Member(
                    name: try Self.checkedPath(name), headerOffset: first, dataOffset: dataOffset, size: header.size)
            case .link: throw TarProblem.link(name)
            case .other(let flag): throw TarProblem.kind(flag)
            case .longName, .extended, .folder, .ignored: break
            }
        }
        // A lying size can lead into zeros that end nothing.
        try findHeader()
        if !isAtEnd { throw TarProblem.earlyEnd }
        return nil
    }

    /// Goes on to the next block that is a header beyond doubt: its checksum holds and it carries ustar's name.
    private mutating func findHeader() throws {
        offset += UInt64(TarHeader.blockSize)
        lastSize = 0
        while offset + UInt64(TarHeader.blockSize) <= file.size {
            if let block = try header(), TarHeader.isUstar(block), (try? TarHeader(block: block)) != nil { return }
            offset += UInt64(TarHeader.blockSize)
        }
        isAtEnd = true
    }

    /// The block at `offset`; nil when it is the end mark.
    private mutating func header() throws -> ArraySlice<UInt8>? {
        guard offset + UInt64(TarHeader.blockSize) <= file.size else {
            isAtEnd = true
            throw TarProblem.noEnd
        }
        if offset < windowOffset || offset + UInt64(TarHeader.blockSize) > windowOffset + UInt64(window.count) {
            // Headers of small members lie close together, so one read brings many; after large members only the
            // header and the small members that follow an image are worth reading.
            let wanted: UInt64 = lastSize < 1 << 14 ? 1 << 16 : 1 << 12
            window = try file.read(offset: offset, count: Int(min(wanted, file.size - offset)))
            windowOffset = offset
        }
        let start = Int(offset - windowOffset)
        let block = window[start..<start + TarHeader.blockSize]
        return block.allSatisfy { $0 == 0 } ? nil : block
    }

    private func checkEnd(name: String, dataOffset: UInt64, size: UInt64) throws {
        guard size <= file.size, dataOffset + size <= file.size else {
            throw TarProblem.truncated(
                member: name, needed: size > UInt64.max - dataOffset ? UInt64.max : dataOffset + size, size: file.size)
        }
    }

    private func smallData(_ size: UInt64) throws -> [UInt8] {
        guard size <= Self.longNameSizeMax else { throw TarProblem.longNameSize(size) }
        return try file.read(offset: offset + UInt64(TarHeader.blockSize), count: Int(size))
    }

    private mutating func pass(_ size: UInt64) {
        let block = UInt64(TarHeader.blockSize)
        offset += block + (size + block - 1) / block * block
        lastSize = size
    }

    /// Nothing is ever extracted to these paths; a shard that holds such names is refused all the same.
    private static func checkedPath(_ name: String) throws -> String {
        var path = Substring(name)
        while path.utf8.starts(with: "./".utf8) { path = path.dropFirst(2) }
        let components = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard components.first?.isEmpty == false, components.last?.isEmpty == false,
            !components.contains(where: { $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8) })
        else { throw TarProblem.path(name) }
        return String(path)
    }
}

/// What a GNU long name or pax records say about the next entry.
private struct Overrides {
    var name: String?
    var size: UInt64?

    /// pax records: `length key=value\n`, the length counting the whole record.
    mutating func read(_ data: [UInt8]) throws {
        var rest = data[...]
        while !rest.isEmpty {
            guard let blank = rest.firstIndex(of: 32), let length = Int(TarHeader.text(rest[..<blank])),
                length > blank - rest.startIndex, length <= rest.count
            else { throw TarProblem.extendedRecord }
            let record = rest[blank + 1..<rest.startIndex + length]
            guard record.last == 10, let equals = record.firstIndex(of: 61) else { throw TarProblem.extendedRecord }
            try set(TarHeader.text(record[..<equals]), TarHeader.text(record[(equals + 1)...].dropLast()))
            rest = rest[(rest.startIndex + length)...]
        }
    }

    private mutating func set(_ key: String, _ value: String) throws {
        switch key {
        case "path": name = value
        case "size":
            guard let number = UInt64(value) else { throw TarProblem.size }
            size = number
        default: break
        }
    }
}
