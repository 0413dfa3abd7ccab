import Foundation
import MawsDataFiles
import MawsFiles
import Synchronization

/// Pages of remote files in a folder of this machine, up to a number of bytes; the longest unused go first.
///
/// A page is a file of its own that appears whole, by a rename. Processes may share the folder: each looks before it
/// fetches, and a page that another has removed is fetched again. There are no locks, so none outlives a crash; a
/// page that a crash left half-written is removed when it is an hour old. What is in a page is checked where it is
/// used, by the checksums of the shard's index.
final class PageCache: Sendable {
    static let pageSize = 1 << 20
    private static let abandonedSeconds = 3600.0

    private let folder: String
    private let bytesMax: Int
    /// Bytes in the folder as far as this process knows, and the number of its next temporary file.
    private let state: Mutex<(bytes: Int?, next: Int)> = Mutex((bytes: nil, next: 0))

    init(folder: String, bytesMax: Int) throws {
        guard bytesMax >= Self.pageSize else {
            throw DataError.file(path: folder, problem: "is a cache of \(bytesMax) bytes; it needs \(Self.pageSize)")
        }
        self.folder = folder
        self.bytesMax = bytesMax
        try OutputFolder.make(Folder.parent(of: folder))
        // Somebody else's data may be private; a folder that is there may be shared on purpose.
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST && access(folder + "/.", F_OK) == 0 else {
            throw DataError.system(action: "make the folder", path: folder, code: errno)
        }
    }

    /// A stretch of a page of `size` bytes; nil where the page is not there.
    func read(_ key: String, _ page: Int, size: Int, offset: Int, count: Int) throws -> [UInt8]? {
        guard let file = try? InputFile(path: path(key, page)), file.size == UInt64(size) else { return nil }
        utimensat(AT_FDCWD, file.path, nil, 0)
        return try file.read(offset: UInt64(offset), count: count)
    }

    func holds(_ key: String, _ page: Int) -> Bool { access(path(key, page), R_OK) == 0 }

    /// Pages of a file that are there.
    func pageCount(_ key: String) -> Int {
        guard let entries = opendir("\(folder)/\(key)") else { return 0 }
        defer { closedir(entries) }
        var count = 0
        while let entry = readdir(entries) {
            // Pages are named by their numbers alone, half-written ones are not.
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 }.allSatisfy { 48...57 ~= $0 } }
            if name { count += 1 }
        }
        return count
    }

    /// Keeps a page, and makes room for it.
    func put(_ key: String, _ page: Int, _ bytes: [UInt8]) throws {
        let path = path(key, page)
        try OutputFolder.make(Folder.parent(of: path))
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let temporary = "\(path).\(getpid())-\(number).partial"
        let mode: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        guard FileManager.default.createFile(atPath: temporary, contents: Data(bytes), attributes: mode) else {
            throw DataError.system(action: "write", path: temporary, code: errno)
        }
        guard rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw DataError.system(action: "write", path: path, code: code)
        }
        makeRoom(for: bytes.count)
    }

    func remove(_ key: String, _ page: Int) { unlink(path(key, page)) }

    /// Where a file about the whole of `key` may be kept; it is not counted.
    func note(_ key: String, _ ending: String) -> String { "\(folder)/\(key).\(ending)" }

    private func path(_ key: String, _ page: Int) -> String { "\(folder)/\(key)/\(page)" }

    /// Removes the longest unused pages until a tenth of the cache is free, once it is full.
    private func makeRoom(for count: Int) {
        state.withLock { state in
            let known = state.bytes.map { $0 + count }
            if let known, known <= bytesMax {
                state.bytes = known
                return
            }
            var files = files().sorted { ($0.used, $0.path) < ($1.used, $1.path) }
            var bytes = files.reduce(0) { $0 + $1.bytes }
            if bytes > bytesMax {
                while bytes > bytesMax / 10 * 9, files.count > 1 {
                    bytes -= files[0].bytes
                    unlink(files.removeFirst().path)
                }
            }
            state.bytes = bytes
        }
    }

    private struct File {
        var path: String
        var bytes: Int
        var used: Double
    }

    private func files() -> [File] {
        var files: [File] = []
        let now = Double(time(nil))
        for name in (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? [] {
            let path = folder + "/" + name
            var status = stat()
            guard name.contains("/"), stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            let used = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
            if name.hasSuffix(".partial"), now - used > Self.abandonedSeconds {
                unlink(path)
            } else {
                files.append(File(path: path, bytes: Int(status.st_size), used: used))
            }
        }
        return files
    }
}

/// The caches of this process, one a folder, so that its count of bytes is right.
final class PageCaches: Sendable {
    static let shared = PageCaches()
    private let caches: Mutex<[String: PageCache]> = Mutex([:])

    func cache(folder: String, bytesMax: Int) throws -> PageCache {
        try caches.withLock { caches in
            let key = "\(folder)\0\(bytesMax)"
            if let cache = caches[key] { return cache }
            let cache = try PageCache(folder: folder, bytesMax: bytesMax)
            caches[key] = cache
            return cache
        }
    }
}
