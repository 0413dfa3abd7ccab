import MawsDataFiles

/// Walks the headers of a tar file with positioned reads; members' data is skipped, not read.
///
/// What makes no sense is reported and skipped: a member that may not be in a shard on its own, and behind a broken
/// header everything up to the next whole one. Archives that were written one after the other into a file are read as
/// one.
struct TarReader {
    struct Member {
        var name: ByteName
        /// Where the member's first header lies (its long name or pax record included).
        var headerOffset: UInt64
        var dataOffset: UInt64
        var size: UInt64
    }

    /// Something that was skipped.
    struct Damage: Error {
        /// Empty where no name is known.
        var member: ByteName
        var offset: UInt64
        var problem: TarProblem
    }

    private let file: any ByteSource
    /// Where the next header begins.
    private(set) var offset: UInt64
    private var window: [UInt8] = []
    private var windowOffset: UInt64 = 0
    private var lastSize: UInt64
    private var lastName = ByteName("")
    private var isAtEnd = false
    /// The file ended behind a whole member, without the blocks of zeros that end an archive.
    private(set) var lacksEnd = false
    /// Where the first header of the entry that was read last begins.
    private var entryOffset: UInt64

    /// Names longer than an index file holds are refused.
    private static let longNameSizeMax: UInt64 = 1 << 16 - 1
    private static let recordsSizeMax: UInt64 = 1 << 20

    /// - Parameter offset: of a header, the file's first unless a member found before is read again.
    init(_ file: any ByteSource, offset: UInt64 = 0) {
        self.file = file
        self.offset = offset
        entryOffset = offset
        lastSize = offset == 0 ? 0 : .max
    }

    /// The next regular member, or what stands in its place; nil at the end-of-archive mark, or at the end of a
    /// file that lacks it, as usual tools read it. Throws when the file cannot be read, or is no tar file from its
    /// first header on.
    mutating func next() throws -> Result<Member, Damage>? {
        if isAtEnd { return nil }
        lastName = ByteName("")
        do {
            return try advance().map { .success($0) }
        } catch let problem as TarProblem {
            if entryOffset == 0 { try checkStart(problem) }
            if problem.breaksTheChain { try findHeader() }
            return .failure(Damage(member: lastName, offset: entryOffset, problem: problem))
        }
    }

    /// Throws for bytes that do not even begin as a tar file: they are no shard.
    private mutating func checkStart(_ problem: TarProblem) throws {
        let bytes = try file.read(offset: 0, count: Int(min(file.size, UInt64(TarHeader.blockSize))))
        if bytes.count == TarHeader.blockSize, (try? TarHeader(block: bytes[...])) != nil { return }
        let kind = ContentKind(bytes)
        guard kind != nil || problem.breaksTheChain else { return }
        throw DataError.shard(path: file.path, offset: 0, problem: "\(kind.map { TarProblem.noTar($0) } ?? problem)")
    }

    private mutating func advance() throws -> Member? {
        repeat {
            entryOffset = offset
            if let member = try memberOfArchive() { return member }
        } while try isAtNextArchive()
        // A lying size can lead into zeros that end nothing.
        try findHeader()
        if !isAtEnd { throw TarProblem.earlyEnd }
        return nil
    }

    /// The next member before the end mark.
    private mutating func memberOfArchive() throws -> Member? {
        var overrides = PaxOverrides()
        while let block = try header() {
            var header = try TarHeader(block: block)
            if let size = overrides.size { header.size = size }
            let name = Self.relative(overrides.name ?? header.name)
            lastName = name
            let dataOffset = offset + UInt64(TarHeader.blockSize)
            try checkEnd(name: name, dataOffset: dataOffset, size: header.size)
            switch header.kind {
            case .longName:
                overrides.path = TarHeader.name(try smallData(header.size, Self.longNameSizeMax)[...])
            case .extended: try overrides.read(try smallData(header.size, Self.recordsSizeMax))
            case .sparse(let hasMore): if hasMore { try passSparseMap() }
            case .folder: overrides = PaxOverrides()
            default: break
            }
            pass(header.size)
            switch header.kind {
            case .file:
                if overrides.isSparse { throw TarProblem.sparse(name) }
                return Member(
                    name: try Self.checkedPath(name), headerOffset: entryOffset, dataOffset: dataOffset,
                    size: header.size)
            case .link: throw TarProblem.link(name)
            case .sparse: throw TarProblem.sparse(name)
            case .other(let flag): throw TarProblem.kind(name, flag)
            case .longName, .extended, .folder, .ignored: break
            }
        }
        // The entry that these are about is not there.
        if lacksEnd, !overrides.isEmpty { throw TarProblem.cut }
        return nil
    }

    /// Goes on to the archive that follows behind the two or more blocks of zeros that end this one.
    private mutating func isAtNextArchive() throws -> Bool {
        let end = offset
        lastSize = 0
        offset += UInt64(TarHeader.blockSize)
        while offset + UInt64(TarHeader.blockSize) <= file.size {
            if let block = try header() {
                if offset - end >= 2 * UInt64(TarHeader.blockSize), (try? TarHeader(block: block)) != nil {
                    return true
                }
                break
            }
            offset += UInt64(TarHeader.blockSize)
        }
        offset = end
        return false
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
            guard file.size > 0 else { throw TarProblem.noBytes }
            guard try isOnlyZeros() else { throw TarProblem.cut }
            lacksEnd = true
            return nil
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

    /// Whether less than a block is left, and that of zeros: nothing of a member.
    private func isOnlyZeros() throws -> Bool {
        guard offset < file.size else { return true }
        return try file.read(offset: offset, count: Int(file.size - offset)).allSatisfy { $0 == 0 }
    }

    private func checkEnd(name: ByteName, dataOffset: UInt64, size: UInt64) throws {
        guard size <= file.size, dataOffset + size <= file.size else {
            throw TarProblem.truncated(
                member: name, needed: size > UInt64.max - dataOffset ? UInt64.max : dataOffset + size, size: file.size)
        }
    }

    private func smallData(_ size: UInt64, _ limit: UInt64) throws -> [UInt8] {
        guard size <= limit else { throw TarProblem.longNameSize(size) }
        return try file.read(offset: offset + UInt64(TarHeader.blockSize), count: Int(size))
    }

    /// Stops at the last block of a sparse file's map, which its data follow.
    private mutating func passSparseMap() throws {
        var hasMore = true
        while hasMore {
            offset += UInt64(TarHeader.blockSize)
            guard let block = try header() else { return }
            hasMore = TarHeader.hasMoreSparse(block)
        }
    }

    private mutating func pass(_ size: UInt64) {
        let block = UInt64(TarHeader.blockSize)
        offset += block + (size + block - 1) / block * block
        lastSize = size
    }

    /// Nothing is ever extracted to these paths; a shard that holds such names is refused all the same.
    private static func checkedPath(_ name: ByteName) throws -> ByteName {
        let components = name.components
        guard components.first?.isEmpty == false, components.last?.isEmpty == false,
            !components.contains(where: { $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8) })
        else { throw TarProblem.path(name) }
        return name
    }

    /// The name without the `./` that 'tar cf SHARD .' puts before it.
    private static func relative(_ name: ByteName) -> ByteName {
        var path = name.bytes[...]
        while path.starts(with: "./".utf8) { path = path.dropFirst(2) }
        return path.count == name.bytes.count ? name : ByteName(path)
    }
}
