/// Where the blocks of a remote file come from.
protocol BlockOrigin: Sendable {
    /// Whether any block can be had without those before it.
    var hasRandomAccess: Bool { get }

    /// Fetches one block, from byte `block * BlockCache.blockSize`.
    /// - Parameter others: takes further whole blocks that came along, the wanted one left out.
    /// - Returns: the block, shorter at the end of the file, and the size of the file.
    func fetch(_ block: Int, others: (Int, [UInt8]) throws -> Void) throws -> (bytes: [UInt8], size: UInt64)
}

/// Why a fetch failed; it may be tried again.
struct FetchProblem: Error {
    var text: String
    /// Whether another try may end differently.
    var mayPass = true
}

/// Cuts a stream into blocks.
struct BlockCutter {
    private(set) var size: UInt64 = 0
    /// The bytes of the block that was asked for.
    private(set) var wantedBytes: [UInt8] = []
    private let wanted: Int
    private var block = 0
    private var pending: [UInt8] = []

    init(wanted: Int) { self.wanted = wanted }

    mutating func add(_ bytes: UnsafeBufferPointer<UInt8>, others: (Int, [UInt8]) throws -> Void) throws {
        size += UInt64(bytes.count)
        var rest = bytes[...]
        while !rest.isEmpty {
            let taken = rest.prefix(BlockCache.blockSize - pending.count)
            pending += taken
            rest = rest.dropFirst(taken.count)
            if pending.count == BlockCache.blockSize { try emit(others) }
        }
    }

    mutating func finish(others: (Int, [UInt8]) throws -> Void) throws {
        if !pending.isEmpty { try emit(others) }
    }

    private mutating func emit(_ others: (Int, [UInt8]) throws -> Void) throws {
        if block == wanted { wantedBytes = pending } else { try others(block, pending) }
        block += 1
        pending = []
    }
}
