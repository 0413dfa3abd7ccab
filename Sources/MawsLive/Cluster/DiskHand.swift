import Foundation
import MawsBase

/// What a disk does to the files of a run that lie on it. Each says what it did, in a few words.
struct DiskHand {
    private static let pageBytes = 4096
    private let cluster: LiveCluster
    private var draw: CounterRandom
    /// What state files held when `olderPages` began.
    private var kept: [ProcessName: Data] = [:]

    init(_ cluster: LiveCluster, seed: UInt64) {
        self.cluster = cluster
        draw = CounterRandom(seed: seed, purpose: .faults, element: 1)
    }

    /// One bit of a server's state, behind the file's header, or of a file of the coordinator's newest checkpoint.
    mutating func flip(_ name: ProcessName) -> String {
        guard let path = statePath(name) ?? newestCheckpointFile(), let file = FileHandle(forUpdatingAtPath: path),
            let size = try? file.seekToEnd(), size > 2 * Self.pageBytes
        else { return "there was no file yet" }
        defer { try? file.close() }
        let offset = UInt64(2 * Self.pageBytes + draw.below(Int(size) - 2 * Self.pageBytes))
        try? file.seek(toOffset: offset)
        guard let byte = try? file.read(upToCount: 1)?.first else { return "the file went away" }
        try? file.seek(toOffset: offset)
        try? file.write(contentsOf: [byte ^ UInt8(1 << draw.below(8))])
        return "byte \(offset) of \(size) of \(path.split(separator: "/").suffix(2).joined(separator: "/"))"
    }

    mutating func exchangePages(_ name: ProcessName) -> String {
        guard let path = statePath(name), let file = FileHandle(forUpdatingAtPath: path),
            let size = try? file.seekToEnd(), size > 4 * Self.pageBytes
        else { return "there was no file yet" }
        defer { try? file.close() }
        let pages = Int(size) / Self.pageBytes
        let first = 2 + draw.below(pages - 3)
        let second = first + 1 + draw.below(pages - first - 1)
        guard let one = read(file, page: first), let other = read(file, page: second) else {
            return "the file went away"
        }
        write(file, page: first, other)
        write(file, page: second, one)
        return "pages \(first) and \(second) of \(pages)"
    }

    mutating func keep(_ name: ProcessName) {
        kept[name] = statePath(name).flatMap { try? Data(contentsOf: URL(fileURLWithPath: $0)) }
    }

    /// Half of the pages of which `keep` knows are as they were then; of a file that was made anew meanwhile none.
    mutating func restore(_ name: ProcessName) {
        guard let old = kept.removeValue(forKey: name), let path = statePath(name),
            let file = FileHandle(forUpdatingAtPath: path), (try? file.seekToEnd()) == UInt64(old.count)
        else { return }
        defer { try? file.close() }
        for page in 0..<old.count / Self.pageBytes where draw.below(2) == 0 {
            write(file, page: page, old.dropFirst(page * Self.pageBytes).prefix(Self.pageBytes))
        }
    }

    func lose(_ name: ProcessName) throws -> String {
        let files = FileManager.default
        if let path = statePath(name) {
            try? files.removeItem(atPath: path)
            return "without its state file"
        }
        let lost = try files.contentsOfDirectory(atPath: cluster.runFolder).filter {
            $0.hasPrefix("coordinator.sqlite")
        }
        for file in lost { try files.removeItem(atPath: "\(cluster.runFolder)/\(file)") }
        return "without its database"
    }

    private func statePath(_ name: ProcessName) -> String? {
        if case .server(let index) = name { cluster.statePath(index) } else { nil }
    }

    private mutating func newestCheckpointFile() -> String? {
        let folder = cluster.runFolder + "/checkpoints"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let whole = names.compactMap { name -> (path: String, date: Date)? in
            let path = "\(folder)/\(name)"
            let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/manifest.json")
            return (attributes?[.modificationDate] as? Date).map { (path, $0) }
        }
        guard let newest = whole.max(by: { $0.date < $1.date }) else { return nil }
        return newest.path + (draw.below(2) == 0 ? "/weights.safetensors" : "/optimizer.safetensors")
    }

    private func read(_ file: FileHandle, page: Int) -> Data? {
        try? file.seek(toOffset: UInt64(page * Self.pageBytes))
        return try? file.read(upToCount: Self.pageBytes)
    }

    private func write(_ file: FileHandle, page: Int, _ bytes: Data) {
        try? file.seek(toOffset: UInt64(page * Self.pageBytes))
        try? file.write(contentsOf: bytes)
    }
}
