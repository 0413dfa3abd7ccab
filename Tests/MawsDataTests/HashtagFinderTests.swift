import MawsData
import MawsDataTestSupport
import Testing

@Suite struct HashtagFinderTests {
    private struct GoldenCaption: Decodable {
        var caption: String
        var twitter: [String]
        var ours: [String]?
    }

    @Test func spellingsOfAHashtagAreOne() {
        for tag in ["#OOTD", "＃ｏｏｔｄ", " ootd ", "ootd", "#Oo Td"] { #expect(HashtagText.normalized(tag) == "ootd") }
        #expect(HashtagText.normalized("ﬁsh") == "fish")
        #expect(HashtagText.joined("Golden_Retriever") == "goldenretriever")
        #expect(HashtagText.joined("crème-brûlée") == "cremebrulee")
        #expect(HashtagText.joined("❤️") == "")
        #expect(CaptionText.hashtags(in: "a #One ＃two #one! #été") == ["one", "two", "été"])
    }

    @Test func captionsHaveTheHashtagsOfTwitterText() throws {
        let golden: [GoldenCaption] = try Fixture.decoded("hashtags.json", in: .module)
        for item in golden {
            #expect(CaptionText.hashtags(in: item.caption) == item.ours ?? item.twitter, "\(item.caption)")
        }
        #expect(golden.count > 130 && golden.count { $0.ours != nil } < 12)
    }

    @Test func aCaptionOfAMegabyteIsSearchedAtOnce() {
        let many = (0..<100_000).map { "#tag\($0)" }.joined(separator: " ")
        #expect(CaptionText.hashtags(in: many).count == 100_000)
        #expect(CaptionText.hashtags(in: String(repeating: "#", count: 1 << 20)) == [])
        #expect(CaptionText.hashtags(in: String(repeating: "#a", count: 1 << 19)) == ["a"])
    }
}
