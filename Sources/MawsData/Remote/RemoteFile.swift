import Foundation
import MawsDataFiles
import MawsHash
import Synchronization

/// A file that is not local, read through the cache a block at a time.
final class RemoteFile: ByteSource {
    let path: String
    let size: UInt64
    private let key: String
    private let origin: any BlockOrigin
    private let cache: BlockCache
    private let access: DataAccess
    /// A command is run by one thread at a time; the others find its blocks in the cache.
    private let turn: Mutex<Void> = Mutex(())

    /// - Parameter size: nil where it is unknown; the first block is fetched then, which tells it.
    init(path: String, size: UInt64?, origin: any BlockOrigin, cache: BlockCache, access: DataAccess) throws {
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
            let block = Int(position / UInt64(BlockCache.blockSize))
            let start = Int(position % UInt64(BlockCache.blockSize))
            let part = min(count - bytes.count, blockBytes(block) - start)
            guard part > 0 else { throw DataError.remote(path: path, offset: position, problem: "ends there") }
            bytes += try read(block, start, part)
        }
        return bytes
    }

    func forget(offset: UInt64, count: Int) {
        for block in blocks(offset: offset, count: count) { cache.remove(key, block) }
    }

    /// Blocks of a range that are not in the cache.
    func missing(offset: UInt64, count: Int) -> [Int] {
        origin.hasRandomAccess ? blocks(offset: offset, count: count).filter { !cache.holds(key, $0) } : []
    }

    /// Tried once: the read that needs the block tries again.
    func prefetch(_ block: Int) throws {
        var access = access
        access.tries = 1
        _ = try Self.fetch(block, path: path, key: key, origin: origin, cache: cache, access: access)
    }

    var blockCount: Int { max(1, Int((size + UInt64(BlockCache.blockSize) - 1) / UInt64(BlockCache.blockSize))) }
    /// Blocks that are in the cache, whoever fetched them.
    var heldBlockCount: Int { cache.blockCount(key) }

    private func read(_ block: Int, _ start: Int, _ count: Int) throws -> [UInt8] {
        let size = blockBytes(block)
        if let bytes = try cache.read(key, block, size: size, offset: start, count: count) { return bytes }
        if origin.hasRandomAccess { return try fresh(block, start, count) }
        return try turn.withLock { _ in
            try cache.read(key, block, size: size, offset: start, count: count) ?? fresh(block, start, count)
        }
    }

    private func fresh(_ block: Int, _ start: Int, _ count: Int) throws -> [UInt8] {
        let (bytes, found) = try Self.fetch(
            block, path: path, key: key, origin: origin, cache: cache, access: access)
        guard found == size, bytes.count == blockBytes(block) else {
            throw DataError.remote(
                path: path, offset: UInt64(block) * UInt64(BlockCache.blockSize),
                problem: "has \(found) bytes now and had \(size): it has changed; run 'maws data index' again")
        }
        return Array(bytes[start..<start + count])
    }

    private func blocks(offset: UInt64, count: Int) -> ClosedRange<Int> {
        let size = UInt64(BlockCache.blockSize)
        return Int(offset / size)...Int((offset + UInt64(max(count, 1)) - 1) / size)
    }

    private func blockBytes(_ block: Int) -> Int {
        let start = UInt64(block) * UInt64(BlockCache.blockSize)
        return start >= size ? 0 : Int(min(UInt64(BlockCache.blockSize), size - start))
    }

    /// A block, tried again and again with growing pauses, and kept.
    private static func fetch(
        _ block: Int, path: String, key: String, origin: any BlockOrigin, cache: BlockCache, access: DataAccess
    ) throws -> (bytes: [UInt8], size: UInt64) {
        var pause = access.pauseSeconds
        for attempt in 1... {
            do {
                let result = try origin.fetch(block) { try cache.put(key, $0, $1) }
                try cache.put(key, block, result.bytes)
                return result
            } catch let problem as FetchProblem {
                guard problem.mayPass, attempt < access.tries else {
                    let tries = problem.mayPass ? ", in \(attempt) tries" : ""
                    throw DataError.remote(
                        path: path, offset: UInt64(block) * UInt64(BlockCache.blockSize),
                        problem: problem.text + tries)
                }
                Thread.sleep(forTimeInterval: pause)
                pause *= 2
            }
        }
        preconditionFailure("the last try returns or throws")
    }
}
