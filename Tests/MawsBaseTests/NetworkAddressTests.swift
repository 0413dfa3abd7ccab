import MawsBase
import Testing

@Suite struct NetworkAddressTests {
    @Test(arguments: [
        ("127.0.0.1:7070", "127.0.0.1", 7070), ("trainer-3.example:1", "trainer-3.example", 1),
        ("[::1]:7070", "::1", 7070), ("[::]:0", "::", 0), ("[fe80::1%eth0]:65535", "fe80::1%eth0", 65_535),
        ("[::ffff:10.0.0.1]:9", "::ffff:10.0.0.1", 9), ("[1:2:3:4:5:6:7:8]:5", "1:2:3:4:5:6:7:8", 5),
    ])
    func anAddressIsReadAndWrittenTheSame(_ text: String, _ host: String, _ port: Int) throws {
        let address = try #require(NetworkAddress(text: text))
        #expect(address == NetworkAddress(host: host, port: UInt16(port)))
        #expect("\(address)" == text)
    }

    @Test(arguments: [
        "", ":7070", "host", "host:", "host:65536", "host:-1", "host:+1", "host: 1", "a b:1", "::1:7070", "::1",
        "[::1]",
        "[]:1", "[1:2]:3", "[:::]:3", "[1:2:3:4:5:6:7::8]:1", "[127.0.0.1]:1", "[::1%]:1", "[::1:7070", "::1]:7070",
        "http://host:1", "user@host:1",
    ])
    func whatIsNoAddressIsRefused(_ text: String) {
        #expect(NetworkAddress(text: text) == nil)
    }

    @Test func aHostHasNoPort() {
        for text in ["::1", "[::1]", "10.0.0.1", "gpu-7.example"] { #expect(NetworkAddress.host(text) != nil) }
        for text in ["", "host:1", "[::1]:1", "1:2", "a/b"] { #expect(NetworkAddress.host(text) == nil) }
        #expect(NetworkAddress.host("[::1]") == "::1")
    }

    @Test func whoIsDialledHasAPort() throws {
        #expect(try NetworkAddress(toListen: "[::1]:0").port == 0)
        let problem = #expect(throws: AddressProblem.self) { try NetworkAddress(toDial: "[::1]:0") }
        #expect(problem?.description.contains("'[::1]:0' is no address; expected host:port") == true)
    }
}
