/// Walks the headers of a tar file with positioned reads; members' data is passed over, not read.
struct TarReader {
    struct Member {
        var name: String
        /// Where the member's first header lies (its long name or pax record included).
        var headerOffset: UInt64
        var dataOffset: UInt64
        var size: UInt64
    }

    private let file: InputFile
    private var offset: UInt64
    private var window: [UInt8] = []
    private var windowOffset: UInt64 = 0
    private var lastSize: UInt64

    private static let longNameSizeMax: UInt64 = 1 << 16

    /// - Parameter offset: of a header, the file's first unless a member found before is read again.
    init(_ file: InputFile, offset: UInt64 = 0) {
        self.file = file
        self.offset = offset
        lastSize = offset == 0 ? 0 : .max
    }

    /// The next regular member, nil at the end-of-archive mark.
    mutating func next() throws -> Member? {
        do {
            return try advance()
        } catch let problem as TarProblem {
            throw DataError.shard(path: file.path, offset: offset, problem: problem.description)
        }
    }

    private mutating func advance() throws -> Member? {
        var overrides = Overrides()
        let first = offset
        while let block = try header() {
            var header = try TarHeader(block: block)
            if let size = overrides.size { header.size = size }
            let name = overrides.name ?? header.name
            let dataOffset = offset + UInt64(TarHeader.blockSize)
            try checkEnd(name: name, dataOffset: dataOffset, size: header.size)
            switch header.kind {
            case .file:
                let member = Member(
                    name: try Self.checkedPath(name), headerOffset: first, dataOffset: dataOffset, size: header.size)
                pass(header.size)
                return member
            case .longName: overrides.name = TarHeader.text(try smallData(header.size)[...])
            case .extended: try overrides.read(try smallData(header.size))
            case .folder, .ignored: break
            case .link: throw TarProblem.link(name)
            case .other(let flag): throw TarProblem.kind(flag)
            }
            pass(header.size)
        }
        return nil
    }

    /// The block at `offset`; nil when it is the end mark.
    private mutating func header() throws -> ArraySlice<UInt8>? {
        guard offset + UInt64(TarHeader.blockSize) <= file.size else { throw TarProblem.noEnd }
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
