import MawsDataFiles

/// A member's name, taken apart.
package struct MemberName {
    /// The name up to the first dot of its base name, as webdataset has it.
    var key: ByteName
    /// What is between the key and the ending: empty for `0.jpg`, `input` for `0.input.jpg`.
    var infix: ArraySlice<UInt8>
    package var part: SamplePart

    package enum Found {
        case part(MemberName)
        /// Nothing that samples use, and why.
        case ignored(String)
    }

    package static func of(_ name: ByteName) -> Found {
        let base = name.base.bytes
        if base.first == UInt8(ascii: ".") || name.components.contains(where: isClutter) {
            return .ignored(SampleAccount.hidden)
        }
        guard let dot = base.firstIndex(of: UInt8(ascii: ".")), let last = base.lastIndex(of: UInt8(ascii: ".")) else {
            return .ignored("without an ending")
        }
        let ending = base[(last + 1)...]
        guard let part = SamplePart(ending: ending) else { return .ignored(SampleAccount.ending(ending)) }
        let key = ByteName(name.bytes.dropLast(base.count - dot))
        return .part(MemberName(key: key, infix: base[min(dot + 1, last)..<last], part: part))
    }

    /// The key that a sample has whose first member is called so.
    /// - Parameter isDotted: it reaches to the ending instead of to the first dot.
    static func key(_ name: ByteName, isDotted: Bool) -> ByteName {
        if isDotted { return name.stem }
        guard case .part(let found) = of(name) else { return name }
        return found.key
    }

    /// The name up to the first dot of its base name, whatever it is the name of.
    static func shortKey(_ name: ByteName) -> ByteName {
        let base = name.base.bytes
        let end = base.firstIndex(of: UInt8(ascii: ".")) ?? base.endIndex
        return ByteName(name.bytes.dropLast(base.count - end))
    }

    /// Folders that programs leave behind.
    static func isClutter(_ component: ArraySlice<UInt8>) -> Bool {
        component.elementsEqual("__MACOSX".utf8) || component.elementsEqual(".ipynb_checkpoints".utf8)
    }
}

extension SampleAccount {
    static let hidden = "hidden files, and what macOS and notebooks leave behind"

    /// What ends in letters that samples do not use; any case of them is one kind.
    static func ending(_ ending: ArraySlice<UInt8>) -> String {
        let text = String(decoding: ending, as: UTF8.self).lowercased()
        let isPlain = !text.isEmpty && text.utf8.count <= 12 && text.utf8.allSatisfy { 33...126 ~= $0 }
        return isPlain ? "what ends in .\(text)" : "what has an ending of no known kind"
    }
}

/// The members that share a key, in their order.
///
/// Where one of them is an image by itself (`0.jpg`), it is the sample's, and the others with an ending of one word are
/// its caption, hashtags and class. Where none is, as names have dots of their own (`holiday v1.2.jpg`), the name up to
/// the image's ending says which members belong together: with one such image they are the sample `holiday v1`, with
/// several each is a sample of its own, called `holiday v1.1` and `holiday v1.2`.
struct SampleMembers {
    fileprivate struct Item {
        var part: SamplePart
        var member: TarReader.Member
        var checksum: UInt32
    }

    /// Members with the same infix, one of a part at most.
    fileprivate struct Group {
        var infix: ArraySlice<UInt8>
        var items: [Item]

        var hasImage: Bool { items.contains { $0.part == .image } }
    }

    private var groups: [Group] = []
    /// By infix, once there are more than a search goes through quickly.
    private var positions: [ArraySlice<UInt8>: Int] = [:]
    private static let searchedMax = 8

    /// What there is of them, a bit a part.
    var parts: UInt8 {
        groups.reduce(0) { $1.items.reduce($0) { $0 | $1.part.bit } }
    }

    /// False for a second member of the same name and part, which is not added.
    mutating func add(_ name: MemberName, _ member: TarReader.Member, checksum: UInt32) -> Bool {
        let item = Item(part: name.part, member: member, checksum: checksum)
        guard let position = position(of: name.infix) else {
            groups.append(Group(infix: name.infix, items: [item]))
            if groups.count > Self.searchedMax { remember() }
            return true
        }
        if groups[position].items.contains(where: { $0.part == name.part }) { return false }
        groups[position].items.append(item)
        return true
    }

    private func position(of infix: ArraySlice<UInt8>) -> Int? {
        groups.count > Self.searchedMax ? positions[infix] : groups.firstIndex { $0.infix == infix }
    }

    private mutating func remember() {
        for position in positions.count..<groups.count { positions[groups[position].infix] = position }
    }

    /// - Parameter account: takes the members that are part of none.
    func samples(key: ByteName, _ account: inout SampleAccount) -> [SampleDraft] {
        let plain = groups.first { $0.infix.isEmpty }
        let dotted = groups.filter { !$0.infix.isEmpty }
        let withImages = dotted.filter(\.hasImage)
        if plain?.hasImage == true || withImages.isEmpty {
            for group in dotted { group.count(plain?.hasImage == true ? Self.beside : Self.alone, &account) }
            return plain.map { [SampleDraft(key: key, isDotted: false, items: $0.items)] } ?? []
        }
        for group in dotted where !group.hasImage { group.count(Self.alone, &account) }
        if withImages.count == 1 {
            let own = withImages[0].items
            let (missing, superfluous) = (plain?.items ?? []).parted { item in !own.contains { $0.part == item.part } }
            Group(infix: [], items: superfluous).count(Self.alone, &account)
            let items = (own + missing).sorted { $0.member.headerOffset < $1.member.headerOffset }
            return [SampleDraft(key: key, isDotted: false, items: items)]
        }
        plain?.count(Self.alone, &account)
        return withImages.map { group in
            SampleDraft(
                key: ByteName(key.bytes + [UInt8(ascii: ".")] + group.infix), isDotted: true, items: group.items)
        }
    }

    private static let beside = "beside the image of a sample, with a longer ending"
    private static let alone = "of a name with dots that no image has"
}

extension SampleMembers.Group {
    func count(_ reason: String, _ account: inout SampleAccount) {
        for item in items { account.add(.ignored, reason, example: "\(item.member.name)") }
    }
}

extension Array {
    /// Those that satisfy a condition, and those that do not.
    fileprivate func parted(_ condition: (Element) -> Bool) -> (yes: [Element], no: [Element]) {
        (filter(condition), filter { !condition($0) })
    }
}

/// A sample made of some members.
struct SampleDraft {
    var key: ByteName
    /// The key reaches beyond the first dot of the base name.
    var isDotted: Bool
    /// In the shard's order.
    fileprivate var items: [SampleMembers.Item]

    func location() throws(TarProblem) -> SampleLocation {
        var location = SampleLocation(offset: items.first?.member.headerOffset ?? 0)
        for item in items {
            try location.set(item.part, dataOffset: item.member.dataOffset, size: item.member.size)
        }
        return location
    }

    /// By part.
    var checksums: SIMD4<UInt32> { items.reduce(into: SIMD4()) { $0[$1.part.rawValue] = $1.checksum } }

    /// What the fingerprint is made of.
    var summary: [UInt8] { items.reduce(into: Self.head(key)) { $0 += Self.summary($1.part, size: $1.member.size) } }

    static func head(_ key: ByteName) -> [UInt8] { [10] + key.bytes + [0] }

    static func summary(_ part: SamplePart, size: UInt64) -> [UInt8] { Array("\(part.rawValue):\(size),".utf8) }
}
