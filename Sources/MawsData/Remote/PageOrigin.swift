/// Where the pages of a remote file come from.
protocol PageOrigin: Sendable {
    /// Whether any page can be had without those before it.
    var hasRandomAccess: Bool { get }

    /// Fetches one page, from byte `page * PageCache.pageSize`.
    /// - Parameter others: takes further whole pages that came along, the wanted one left out.
    /// - Returns: the page, shorter at the end of the file, and the size of the file.
    func fetch(_ page: Int, others: (Int, [UInt8]) throws -> Void) throws -> (bytes: [UInt8], size: UInt64)
}

/// Why a fetch failed; it may be tried again.
struct FetchProblem: Error {
    var text: String
    /// Whether another try may end differently.
    var mayPass = true
}

/// Cuts a stream into pages.
struct PageCutter {
    private(set) var size: UInt64 = 0
    /// The bytes of the page that was asked for.
    private(set) var wantedBytes: [UInt8] = []
    private let wanted: Int
    private var page = 0
    private var pending: [UInt8] = []

    init(wanted: Int) { self.wanted = wanted }

    mutating func add(_ bytes: UnsafeBufferPointer<UInt8>, others: (Int, [UInt8]) throws -> Void) throws {
        size += UInt64(bytes.count)
        var rest = bytes[...]
        while !rest.isEmpty {
            let taken = rest.prefix(PageCache.pageSize - pending.count)
            pending += taken
            rest = rest.dropFirst(taken.count)
            if pending.count == PageCache.pageSize { try emit(others) }
        }
    }

    mutating func finish(others: (Int, [UInt8]) throws -> Void) throws {
        if !pending.isEmpty { try emit(others) }
    }

    private mutating func emit(_ others: (Int, [UInt8]) throws -> Void) throws {
        if page == wanted { wantedBytes = pending } else { try others(page, pending) }
        page += 1
        pending = []
    }
}
