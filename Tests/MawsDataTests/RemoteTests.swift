import Foundation
import MawsBase
import MawsData
import MawsDataTestSupport
import MawsPlan
import MawsTensor
import MawsTestSupport
import Testing

/// Data that is not local: over HTTP from a real server, and out of commands.
@Suite struct RemoteTests {
    @Test(arguments: ["good", "plain", "busy"])
    func shardsOverHTTPAreTheShards(manner: String) throws {
        let (folder, server) = try Self.served()
        defer { withExtendedLifetime((folder, server)) {} }
        let local = try Dataset(Fixture.split(["a.tar", "b.tar"]), root: folder.path)
        let shards = ["a", "b"].map { "\(server.address)/\(manner)/\($0).tar" }
        let remote = try Dataset(Fixture.split(shards), root: "", access: Self.access(folder))
        #expect(remote.fingerprint == local.fingerprint && remote.count == local.count)
        for index in 0..<local.count { #expect(try remote.sample(index).image == local.sample(index).image) }
    }

    @Test func whatIsInTheCacheIsNotFetchedAgain() throws {
        let (folder, server) = try Self.served()
        defer { withExtendedLifetime((folder, server)) {} }
        let split = Fixture.split(["\(server.address)/good/a.tar"])
        _ = try Dataset(split, root: "", access: Self.access(folder))
        let requests = try folder.text("requests")
        #expect(requests.contains("/good/a.tar bytes=0-1048575") && requests.contains("/good/a.tar.maws-index"))
        let again = try Dataset(split, root: "", access: Self.access(folder))
        for index in 0..<again.count { _ = try again.sample(index) }
        #expect(try folder.text("requests") == requests)
    }

    @Test func aPublishedIndexSavesReadingTheShard() throws {
        let (folder, server) = try Self.served()
        defer { withExtendedLifetime((folder, server)) {} }
        let big = try Self.bigShard(folder)
        _ = try ShardIndexer.index(folder.path("big.tar"), root: "", access: Self.access(folder))
        let split = Fixture.split(["\(server.address)/good/big.tar"])
        let remote = try Dataset(split, root: "", access: Self.access(folder))
        #expect(try remote.sample(3).image == big[3])
        let blocks = try folder.text("requests").split(separator: "\n").count { $0.contains("bytes=") }
        #expect(blocks <= 3, "5 MB of shard, of which one sample of 1 MB was read")
    }

    @Test(arguments: [
        ("shifted", "sent bytes from 1 on instead of 0"), ("silent", "without saying which"),
        ("short", "bytes instead of"), ("stalled", "in 2 tries"), ("missing", "404"),
    ])
    func aServerThatAnswersWronglyIsNamed(manner: String, words: String) throws {
        let (folder, server) = try Self.served()
        defer { withExtendedLifetime((folder, server)) {} }
        let shard = "\(server.address)/\(manner)/a.tar"
        let sentence = Fixture.sentence {
            _ = try Dataset(Fixture.split([shard], skipLimit: 1), root: "", access: Self.access(folder))
        }
        #expect(sentence?.hasPrefix("Cannot read \(shard) from byte 0 on: ") == true)
        #expect(sentence?.contains(words) == true, "\(sentence ?? "no error")")
    }

    @Test func aServerThatIsNotThereIsNamed() throws {
        let folder = try Folder()
        let sentence = Fixture.sentence {
            _ = try Dataset(
                Fixture.split(["http://127.0.0.1:1/a.tar"], skipLimit: 1), root: "", access: Self.access(folder))
        }
        #expect(sentence?.contains("Cannot read http://127.0.0.1:1/a.tar from byte 0 on: ") == true)
    }

    @Test func theOutputOfACommandIsAShard() throws {
        let (folder, server) = try Self.served()
        defer { withExtendedLifetime((folder, server)) {} }
        let local = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        let split = Fixture.split(["pipe:cat '\(folder.path)/a.tar'"])
        let piped = try Dataset(split, root: "", access: Self.access(folder))
        #expect(piped.fingerprint == local.fingerprint)
        #expect(try piped.sample(5).image == local.sample(5).image)
    }

    @Test(arguments: [
        ("exit 3", "the command ended with 3"), ("echo no such bucket >&2; exit 1", "ended with 1: no such bucket"),
        ("sleep 20", "gave nothing for 1 s"),
    ])
    func aCommandThatFailsIsNamed(command: String, words: String) throws {
        let folder = try Folder()
        let sentence = Fixture.sentence {
            _ = try Dataset(Fixture.split(["pipe:" + command]), root: "", access: Self.access(folder))
        }
        #expect(sentence?.contains(words) == true, "\(sentence ?? "no error")")
    }

    @Test func commandsAreNotRunUnlessThisMachineSaysSo() throws {
        let folder = try Folder()
        var access = Self.access(folder)
        access.allowsPipes = false
        let sentence = Fixture.sentence {
            _ = try Dataset(Fixture.split(["pipe:touch '\(folder.path("ran"))'"]), root: "", access: access)
        }
        #expect(sentence?.contains("MAWS_ALLOW_PIPES=yes") == true)
        #expect(try !folder.names().contains("ran"))
    }

    @Test func theCacheStaysBelowItsSizeAndReadingGoesOn() throws {
        let (folder, server) = try Self.served()
        defer { withExtendedLifetime((folder, server)) {} }
        let big = try Self.bigShard(folder)
        for shard in ["\(server.address)/good/big.tar", "pipe:cat '\(folder.path)/big.tar'"] {
            let access = DataAccess(cacheFolder: folder.path("small"), cacheBytesMax: 3 << 20, allowsPipes: true)
            let dataset = try Dataset(Fixture.split([shard]), root: "", access: access)
            for _ in 0..<2 {
                for index in 0..<dataset.count { #expect(try dataset.sample(index).image == big[index]) }
            }
            let blocks =
                FileManager.default.enumerator(atPath: folder.path("small"))?.compactMap { $0 as? String } ?? []
            #expect(blocks.count { $0.contains("/") && !$0.hasSuffix("index") } <= 3)
        }
    }

    @Test func aDamagedCopyInTheCacheIsFetchedAgain() throws {
        let (folder, server) = try Self.served()
        defer { withExtendedLifetime((folder, server)) {} }
        let local = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        let split = Fixture.split(["\(server.address)/good/a.tar"])
        let remote = try Dataset(split, root: "", access: Self.access(folder))
        let names = FileManager.default.enumerator(atPath: folder.path("cache"))?.compactMap { $0 as? String } ?? []
        let block = try #require(names.first { $0.hasSuffix("/0") })
        let size = try folder.bytes("cache/" + block).count
        try folder.write([UInt8](repeating: 7, count: size), "cache/" + block)
        for index in 0..<local.count { #expect(try remote.sample(index).image == local.sample(index).image) }
    }

    @Test func aRemoteShardThatChangedIsNamedWithItsPlace() throws {
        let (folder, server) = try Self.served()
        defer { withExtendedLifetime((folder, server)) {} }
        let shard = "\(server.address)/good/a.tar"
        let dataset = try Dataset(Fixture.split([shard], skipLimit: 1), root: "", access: Self.access(folder))
        try folder.shard("a.tar", try Fixture.members(12).map { ($0.name, $0.data.map { $0 ^ 1 }) })
        let names = FileManager.default.enumerator(atPath: folder.path("cache"))?.compactMap { $0 as? String } ?? []
        for name in names where name.hasSuffix("/0") {
            try FileManager.default.removeItem(atPath: folder.path("cache/" + name))
        }
        let sentence = Fixture.sentence { _ = try dataset.sample(1) }
        #expect(sentence?.hasPrefix("Shard \(shard) is unusable at byte ") == true)
        #expect(sentence?.contains("has changed since the shard was indexed") == true)
    }

    @Test func aTrainingStageOverHTTPGetsTheBatchesOfLocalShards() throws {
        let (folder, server) = try Self.served()
        defer { withExtendedLifetime((folder, server)) {} }
        func batches(_ shards: [String]) throws -> [[Float]] {
            let split = Fixture.split(shards)
            let loader = try BatchLoader(
                plan: Fixture.plan([split]), stage: Fixture.stage(.mae), stageIndex: 0, root: folder.path,
                access: Self.access(folder))
            return try (0..<6).map { try loader.batch(step: UInt64($0 / 2), unit: $0 % 2)[.image].floats.array }
        }
        #expect(try batches(["a.tar", "b.tar"]) == batches(["a", "b"].map { "\(server.address)/good/\($0).tar" }))
    }

    /// A folder with shards of 12 samples each and a server for it.
    static func served() throws -> (Folder, WebServer) {
        let folder = try Folder()
        let members = try Fixture.members(24)
        try folder.shard("a.tar", Array(members[..<48]))
        try folder.shard("b.tar", Array(members[48...]))
        return (folder, try WebServer(folder.path))
    }

    /// `big.tar` of five images of a megabyte each.
    private static func bigShard(_ folder: Folder) throws -> [[UInt8]] {
        let images = (0..<5).map { index in
            var random = CounterRandom(seed: 3, purpose: .test, element: UInt64(index))
            return (0..<1 << 20).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
        try folder.shard("big.tar", images.enumerated().map { ("s\($0.offset).png", $0.element) })
        return images
    }

    static func access(_ folder: Folder) -> DataAccess {
        var access = DataAccess(cacheFolder: folder.path("cache"), cacheBytesMax: 1 << 30, allowsPipes: true)
        access.stallSeconds = 1
        access.tries = 2
        access.pauseSeconds = 0.01
        return access
    }
}
