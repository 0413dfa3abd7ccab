import Foundation
import MawsDataFiles
import MawsHash
import Synchronization

/// A file that is not local, read through the cache a page at a time.
final class RemoteFile: ByteSource {
    let path: String
    let size: UInt64
    private let key: String
    private let origin: any PageOrigin
    private let cache: PageCache
    private let access: DataAccess
    /// A command is run by one thread at a time; the others find its pages in the cache.
    private let turn: Mutex<Void> = Mutex(())

    /// - Parameter size: nil where it is unknown; the first page is fetched then, which tells it.
    init(path: String, size: UInt64?, origin: any PageOrigin, cache: PageCache, access: DataAccess) throws {
        self.path = path
        self.origin = origin
        self.cache = cache
        self.access = access
        key = Self.key(path)
        if let size {
            self.size = size
        } else {
            self.size = try Self.fetch(0, path: path, key: key, origin: origin, cache: cache, access: access).size
        }
    }

    /// Name of the file in the cache.
    static func key(_ path: String) -> String { String(Hash.hexadecimal(of: Array(path.utf8)).prefix(32)) }

    func read(offset: UInt64, count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let position = offset + UInt64(bytes.count)
            let page = Int(position / UInt64(PageCache.pageSize))
            let start = Int(position % UInt64(PageCache.pageSize))
            let part = min(count - bytes.count, pageBytes(page) - start)
            guard part > 0 else { throw DataError.remote(path: path, offset: position, problem: "ends there") }
            bytes += try read(page, start, part)
        }
        return bytes
    }

    func forget(offset: UInt64, count: Int) {
        for page in pages(offset: offset, count: count) { cache.remove(key, page) }
    }

    /// Pages of a range that are not in the cache.
    func missing(offset: UInt64, count: Int) -> [Int] {
        origin.hasRandomAccess ? pages(offset: offset, count: count).filter { !cache.holds(key, $0) } : []
    }

    /// Tried once: the read that needs the page tries again.
    func prefetch(_ page: Int) throws {
        var access = access
        access.tries = 1
        _ = try Self.fetch(page, path: path, key: key, origin: origin, cache: cache, access: access)
    }

    var pageCount: Int { max(1, Int((size + UInt64(PageCache.pageSize) - 1) / UInt64(PageCache.pageSize))) }
    /// Pages that are in the cache, whoever fetched them.
    var heldPageCount: Int { cache.pageCount(key) }

    private func read(_ page: Int, _ start: Int, _ count: Int) throws -> [UInt8] {
        let size = pageBytes(page)
        if let bytes = try cache.read(key, page, size: size, offset: start, count: count) { return bytes }
        if origin.hasRandomAccess { return try fresh(page, start, count) }
        return try turn.withLock { _ in
            try cache.read(key, page, size: size, offset: start, count: count) ?? fresh(page, start, count)
        }
    }

    private func fresh(_ page: Int, _ start: Int, _ count: Int) throws -> [UInt8] {
        let (bytes, found) = try Self.fetch(
            page, path: path, key: key, origin: origin, cache: cache, access: access)
        guard found == size, bytes.count == pageBytes(page) else {
            throw DataError.remote(
                path: path, offset: UInt64(page) * UInt64(PageCache.pageSize),
                problem: "has \(found) bytes now and had \(size): it has changed; run 'maws data index' again")
        }
        return Array(bytes[start..<start + count])
    }

    private func pages(offset: UInt64, count: Int) -> ClosedRange<Int> {
        let size = UInt64(PageCache.pageSize)
        return Int(offset / size)...Int((offset + UInt64(max(count, 1)) - 1) / size)
    }

    private func pageBytes(_ page: Int) -> Int {
        let start = UInt64(page) * UInt64(PageCache.pageSize)
        return start >= size ? 0 : Int(min(UInt64(PageCache.pageSize), size - start))
    }

    /// A page, tried again and again with growing pauses, and kept.
    private static func fetch(
        _ page: Int, path: String, key: String, origin: any PageOrigin, cache: PageCache, access: DataAccess
    ) throws -> (bytes: [UInt8], size: UInt64) {
        var pause = access.pauseSeconds
        for attempt in 1... {
            do {
                let result = try origin.fetch(page) { try cache.put(key, $0, $1) }
                try cache.put(key, page, result.bytes)
                return result
            } catch let problem as FetchProblem {
                guard problem.mayPass, attempt < access.tries else {
                    let tries = problem.mayPass ? ", in \(attempt) tries" : ""
                    throw DataError.remote(
                        path: path, offset: UInt64(page) * UInt64(PageCache.pageSize),
                        problem: problem.text + tries)
                }
                Thread.sleep(forTimeInterval: pause)
                pause *= 2
            }
        }
        preconditionFailure("the last try returns or throws")
    }
}
