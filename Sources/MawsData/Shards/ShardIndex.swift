import MawsBase
import MawsDataFiles
import MawsHash

/// The samples of one shard, found by scanning its headers.
///
/// WebDataset's convention: members that follow one another and share a key, the name up to the first dot of the base
/// name, are one sample; the rest of the name says what the member is (`SampleMembers`). A sample without an image
/// counts as unreadable.
struct ShardIndex {
    private(set) var samples: [SampleLocation] = []
    /// CRC-32C of each sample's parts; empty where they are unknown.
    private(set) var checksums: [SIMD4<UInt32>] = []
    /// Samples whose key reaches beyond the first dot; see `SampleMembers`.
    private(set) var dotted: Set<Int> = []
    /// What was skipped: members that may not be, and stretches without a header where one should be.
    private(set) var problems: [SkippedSample] = []
    /// What is no part of a sample.
    var account = SampleAccount()
    private var current: Open?
    /// The damage that members of the sample before or behind it may have gone with.
    private var gap: Gap?
    /// Parts that samples of this shard have, a bit each.
    private var usualParts: UInt8 = 0

    /// Places without a header where one should be after which a shard is given up: it is no tar file of images.
    private static let gapsMax = 1000
    /// The same of samples that are left out, which take memory.
    private static let problemsMax = 1 << 20
    private var gapCount = 0

    /// The sample that members are being added to.
    private struct Open {
        var key: ByteName
        /// Where its first header begins.
        var offset: UInt64
        var members = SampleMembers()
        /// A sample that makes no sense is skipped with all its members.
        var isRefused = false
    }

    /// A stretch that makes no sense. It counts as one sample: that beside it which lacks members, or one of its own.
    private struct Gap {
        var damage: TarReader.Damage
        var isNoted = false
    }

    /// - Parameters:
    ///   - digest: takes each sample's key and the sizes of its members.
    ///   - record: takes all that an index file holds, and makes the members be read for their checksums.
    init(_ file: any ByteSource, digest: Hash, record: ShardIndexRecorder? = nil) throws {
        var reader = TarReader(file)
        var summaries: [UInt8] = []
        while let result = try reader.next() {
            switch result {
            case .success(let member): try add(member, file: file, record, &summaries)
            case .failure(let damage): refuse(damage, path: file.path, record, &summaries)
            }
            guard gapCount <= Self.gapsMax, problems.count <= Self.problemsMax else {
                throw DataError.shard(
                    path: file.path, offset: reader.offset,
                    problem: "more than \(gapCount > Self.gapsMax ? Self.gapsMax : Self.problemsMax) members make no "
                        + "sense, the last one: \(problems.last?.reason ?? "")")
            }
            if summaries.count > 1 << 16 {
                digest.update(summaries)
                summaries = []
            }
        }
        close(path: file.path, record, &summaries)
        endGap(path: file.path)
        if reader.lacksEnd { account.add(.incomplete, SampleAccount.noEnd, example: file.path) }
        digest.update(summaries)
        record?.add(problems, account)
    }

    /// What an index file says.
    package init(samples: [SampleLocation], checksums: [SIMD4<UInt32>], dotted: Set<Int>, problems: [SkippedSample]) {
        self.samples = samples
        self.checksums = checksums
        self.dotted = dotted
        self.problems = problems
    }

    private mutating func add(
        _ member: TarReader.Member, file: any ByteSource, _ record: ShardIndexRecorder?, _ summaries: inout [UInt8]
    ) throws {
        let name: MemberName
        switch MemberName.of(member.name) {
        case .part(let found): name = found
        case .ignored(let reason): return account.add(.ignored, reason, example: "\(member.name)")
        }
        open(name.key, at: member.headerOffset, path: file.path, record, &summaries)
        guard current?.isRefused == false else { return }
        let checksum = record == nil ? 0 : try Self.checksum(file, member)
        let isNew = current?.members.add(name, member, checksum: checksum) ?? false
        if !isNew {
            current?.isRefused = true
            let offset = current?.offset ?? member.headerOffset
            note(name.key, at: offset, TarProblem.duplicate(member: name.key, part: name.part.name), path: file.path)
        }
    }

    /// Notes what was skipped. A member that is whole but may not be used takes its sample with it, which is noted
    /// once, and is no problem where it would be no part of one.
    private mutating func refuse(
        _ damage: TarReader.Damage, path: String, _ record: ShardIndexRecorder?, _ summaries: inout [UInt8]
    ) {
        guard damage.problem.refusesTheMember else {
            gapCount += 1
            return skip(damage, path: path, record, &summaries)
        }
        switch MemberName.of(damage.member) {
        case .part(let name):
            open(name.key, at: damage.offset, path: path, record, &summaries)
            guard current?.isRefused == false else { return }
            current?.isRefused = true
            note(damage.member, at: damage.offset, damage.problem, path: path)
        case .ignored(let reason):
            guard case .path = damage.problem else {
                return account.add(.ignored, "links, devices and the like", example: "\(damage.member)")
            }
            // A name without a last part does not say what it is of.
            if damage.member.base.bytes.isEmpty {
                note(damage.member, at: damage.offset, damage.problem, path: path)
            } else {
                account.add(.ignored, reason, example: "\(damage.member)")
            }
        }
    }

    /// Notes a stretch without headers. A sample that has lost members with it, or may have, is left out whole.
    private mutating func skip(
        _ damage: TarReader.Damage, path: String, _ record: ShardIndexRecorder?, _ summaries: inout [UInt8]
    ) {
        if case .truncated = damage.problem {
            // Its header says whose member it is.
            if case .part(let name) = MemberName.of(damage.member) {
                open(name.key, at: damage.offset, path: path, record, &summaries)
            }
            if let open = current, open.key == MemberName.shortKey(damage.member) {
                current?.isRefused = true
                if !open.isRefused { note(damage.member, at: damage.offset, damage.problem, path: path) }
                return
            }
        }
        endGap(path: path)
        gap = Gap(damage: damage)
        if let open = current, !open.isRefused, !isWhole(open) { leaveOut(open, path: path) }
    }

    private func isWhole(_ open: Open) -> Bool {
        let parts = open.members.parts
        return parts & SamplePart.image.bit != 0 && parts & usualParts == usualParts
    }

    /// Counts a sample beside the gap as what was lost there.
    private mutating func leaveOut(_ open: Open, path: String) {
        guard let problem = gap?.damage.problem else { return }
        note(open.key, at: open.offset, problem, path: path)
        gap?.isNoted = true
        current?.isRefused = true
    }

    private mutating func endGap(path: String) {
        guard let ended = gap else { return }
        gap = nil
        if !ended.isNoted { note(ended.damage.member, at: ended.damage.offset, ended.damage.problem, path: path) }
    }

    /// What the gap beside a sample that ends says of it.
    /// - Returns: whether the sample is used.
    private mutating func outlives(_ open: Open, path: String) -> Bool {
        guard let gap else { return !open.isRefused }
        defer { if open.offset > gap.damage.offset { endGap(path: path) } }
        if open.isRefused { return false }
        guard isWhole(open) else {
            leaveOut(open, path: path)
            return false
        }
        if usualParts == 0 { account.add(.incomplete, SampleAccount.besideDamage, example: "\(open.key)") }
        return true
    }

    /// Makes `key` the current sample's.
    private mutating func open(
        _ key: ByteName, at offset: UInt64, path: String, _ record: ShardIndexRecorder?, _ summaries: inout [UInt8]
    ) {
        if current?.key == key { return }
        close(path: path, record, &summaries)
        current = Open(key: key, offset: offset)
    }

    private static func checksum(_ file: any ByteSource, _ member: TarReader.Member) throws -> UInt32 {
        var checksum = CRC32C()
        var offset = member.dataOffset
        while offset < member.dataOffset + member.size {
            let count = min(1 << 20, member.dataOffset + member.size - offset)
            let bytes = try file.read(offset: offset, count: Int(count))
            checksum.add(bytes.span.bytes)
            offset += count
        }
        return checksum.value
    }

    /// Ends the sample that members were added to.
    private mutating func close(path: String, _ record: ShardIndexRecorder?, _ summaries: inout [UInt8]) {
        guard let open = current else { return }
        current = nil
        guard outlives(open, path: path) else { return }
        usualParts |= open.members.parts
        for sample in open.members.samples(key: open.key, &account) {
            do throws(TarProblem) {
                let location = try sample.location()
                if sample.isDotted { dotted.insert(samples.count) }
                samples.append(location)
                summaries += sample.summary
                guard let record else { continue }
                checksums.append(sample.checksums)
                record.add(location, sample.checksums, key: sample.key)
            } catch {
                note(sample.key, at: open.offset, error, path: path)
            }
        }
    }

    private mutating func note(_ member: ByteName, at offset: UInt64, _ problem: TarProblem, path: String) {
        problems.append(SkippedSample(shard: path, member: "\(member)", offset: offset, reason: "\(problem)"))
    }
}
