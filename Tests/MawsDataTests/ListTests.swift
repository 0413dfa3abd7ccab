import Foundation
import MawsData
import MawsDataTestSupport
import MawsDataTools
import Testing

/// Lists as people and tools write them.
@Suite struct ListTests {
    private struct Golden: Decodable {
        struct Row: Decodable, Equatable {
            var image: String
            var caption: String?
            var hashtags: [String]?
            var `class`: String?
        }

        var name: String
        var bytes: [UInt8]
        var rows: [Row]
    }

    @Test func rowsAreThoseThatPandasReads() throws {
        let golden: [Golden] = try Fixture.decoded("lists.json", in: .module)
        for item in golden {
            let folder = try Folder()
            try folder.write(item.bytes, item.name)
            var rows: [Golden.Row] = []
            try ListSource(path: folder.path(item.name)).forEachRow(progress: { _ in }) { result in
                let row = try result.get()
                rows.append(
                    Golden.Row(
                        image: String(row.imageName.dropFirst(folder.path.count + 1)), caption: row.caption,
                        hashtags: row.hashtags, class: row.className))
            }
            #expect(rows == item.rows, "\(item.name)")
        }
        #expect(golden.count > 15)
    }

    @Test(arguments: [
        (
            "a.csv", "image,caption,hashtags,class\n0.png,a,b,c\n", "columns: image, caption, hashtags, class"
        ),
        (
            "a.csv", "file\tname\n0.png\ta\n",
            "columns: image from file; none for caption, hashtags, class; not used: name"
        ),
        (
            "a.csv", "filepath\ttitle\twidth\n0.png\ta\t3\n",
            "columns: image from filepath, caption from title; none for hashtags, class; not used: width"
        ),
        (
            "a.csv", " Image , Captoin,clas,image_url\n0.png,a,b,c\n",
            "columns: image; none for caption, hashtags, class; not used: Captoin (did you mean caption?), "
                + "clas (did you mean class?), image_url"
        ),
        (
            "a.jsonl", #"{"image": "0.png", "width": 3}"# + "\n" + #"{"image": "1.png", "caption": "x", "key": 1}"#,
            "columns: image, caption; none for hashtags, class; not used: key, width"
        ),
        (
            "a.csv", "image,file_name,path\n0.png,1.png,x\n",
            "columns: image; none for caption, hashtags, class; not used: "
                + "file_name, path"
        ),
    ])
    func columnsThatAreReadAndThoseThatAreNotAreSaid(name: String, text: String, expected: String) throws {
        let folder = try Folder()
        try folder.write(text, name)
        let source = try ListSource(path: folder.path(name))
        try source.forEachRow(progress: { _ in }) { _ in }
        #expect(source.notes == ["\(folder.path(name)): \(expected)"])
    }

    @Test func imagesThatAreNamedTwiceAreCounted() throws {
        let folder = try Folder()
        try folder.write("image\na.png\nb.png\na.png\na.png\n", "a.csv")
        let source = try ListSource(path: folder.path("a.csv"))
        for _ in 0..<2 { try source.forEachRow(progress: { _ in }) { _ in } }
        #expect(source.account.count(.incomplete, "in a row whose image an earlier row names") == 2)
    }

    private static let bad: [(name: String, bytes: [UInt8], expected: String)] = [
        (
            "a.csv", Array("image,caption\n0.png,un caf".utf8) + [0xE9] + Array(" \n".utf8),
            "line 2: column caption is not UTF-8 text: byte e9 behind 'un caf'; save the list as UTF-8 (it may be"
        ),
        (
            "a.csv", Array("image,l".utf8) + [0xE9] + Array("\n0.png,x\n".utf8),
            "line 1: the header is not UTF-8 text: byte e9"
        ),
        ("a.csv", [0xFF, 0xFE, 0x69, 0], "line 1: the list is UTF-16 text; save it as UTF-8."),
        (
            "a.jsonl", [0xFF, 0xFE, 0x7B, 0],
            "line 1: expected a JSON object on each line: it is not UTF-8 text but UTF-16"
        ),
        (
            "a.jsonl", Array("{\"image\": \"caf".utf8) + [0xE9] + Array("\"}".utf8),
            "line 1: expected a JSON object on each line: the string at byte 11 is not UTF-8 text."
        ),
        ("a.csv", Array("image,caption,caption\n0.png,a,b\n".utf8), "line 1: the column `caption` is there 2 times."),
        (
            "a.jsonl", Array(#"{"image": "0.png", "n": 1, "n": 2, "image": "1.png"}"#.utf8),
            "line 1: the field `image` is there more than once."
        ),
        (
            "a.csv", Array("filename,path\n0.png,a\n".utf8),
            "line 1: `filename` and `path` may all be the image; call one of them `image`."
        ),
        (
            "a.csv", Array("image,caption\n0.png,a dog, brown\n".utf8),
            "line 2: the row has 3 fields, but the header has 2; a text with the list's delimiter"
        ),
        (
            "a.csv", Array("image,hashtags\n0.png,\"['dog', 'cat\"\n".utf8),
            "line 2: column hashtags is no list of quoted texts: ['dog', 'cat."
        ),
        (
            "a.csv", Array("image,class\n0.png,-1\n".utf8),
            "line 2: column class is -1, where a name or a whole number from 0"
        ),
        (
            "a.csv", Array("image,class\n0.png,1.5\n".utf8),
            "line 2: column class is 1.5, where a name or a whole number"
        ),
        ("a.csv", Array("image,class\n0.png,1000000\n".utf8), "line 2: column class is 1000000, where a name"),
        (
            "a.csv", Array("image\nhttps://example.org/a.jpg\n".utf8),
            "line 2: the image https://example.org/a.jpg is an address"
        ),
        (
            "a.jsonl", Array(#"{"image": "0.png", "class": [3]}"#.utf8),
            "line 1: column class is an array, where a name or a whole number belongs."
        ),
        (
            "a.jsonl", Array(#"{"image": "0.png", "label": true}"#.utf8),
            "line 1: column label is true, where a name or a whole number belongs."
        ),
        (
            "a.jsonl", Array(#"{"image": "0.png", "caption": ["a", "b"]}"#.utf8),
            "line 1: column caption is an array, where a string belongs."
        ),
        (
            "a.csv", Array("image,caption\n0.png,\(String(repeating: "a", count: (1 << 20) + 1))\n".utf8),
            "line 2: the caption has more than 1048576 bytes."
        ),
        (
            "a.jsonl", Array("[\n{}\n]\n".utf8),
            "line 1: expected a JSON object on each line: the text ends where a value"
        ),
    ]

    @Test(arguments: bad.indices)
    func whatIsWrongIsNamedWithLineAndColumn(index: Int) throws {
        let (name, bytes, expected) = Self.bad[index]
        let folder = try Folder()
        try folder.write(try Fixture.png(1), "0.png")
        try folder.write(bytes, name)
        let sentence = Fixture.sentence {
            try ListSource(path: folder.path(name)).forEachRow(progress: { _ in }) { _ = try $0.get() }
        }
        #expect(sentence?.hasPrefix("\(folder.path(name)), \(expected)") == true, "\(sentence ?? "read")")
    }

    @Test func whatAListSaysIsNoneStaysNone() throws {
        let folder = try Folder()
        for index in 0..<4 { try folder.write(try Fixture.png(UInt8(index)), "\(index).png") }
        try folder.write(
            """
            {"image": "0.png", "caption": "a #dog", "hashtags": []}
            {"image": "1.png", "caption": "a #dog", "hashtags": null}
            {"image": "2.png", "caption": NaN, "hashtags": NaN, "class": NaN, "score": NaN}
            {"image": "3.png", "caption": "a #dog", "hashtags": ["Cat"], "class": 3.0}
            """, "a.jsonl")
        try folder.write(
            "image,caption,hashtags,class\n0.png,a #dog,[],\n1.png,a #dog,,\n2.png,,nan,\n3.png,a #dog,['Cat'],3.0\n",
            "a.csv")
        for list in ["a.jsonl", "a.csv"] {
            _ = try RowPacker.list(
                folder.path(list), target: PackTarget(output: folder.path("out"), prefix: "my", isForced: true),
                skipsBadRows: false
            ).pack()
            for path in ["out/my-0000.tar", "list:" + list] {
                let dataset = try Dataset(Fixture.split([path]), root: folder.path)
                let samples = try (0..<4).map { try dataset.sample($0) }
                #expect(samples.map(\.hashtags) == [[], ["dog"], [], ["cat"]], "\(path)")
                #expect(samples.map(\.caption) == ["a #dog", "a #dog", nil, "a #dog"])
                #expect(samples.map(\.classIndex) == [nil, nil, nil, 3])
            }
        }
    }
}
