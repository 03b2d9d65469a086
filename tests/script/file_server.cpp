// SPDX-License-Identifier: MIT
// A small HTTP server for the test of script/fetch-cifar10: the files of one folder, on 127.0.0.1, with ranges.
//
//   file_server FOLDER PORT_FILE LOG     writes its port into PORT_FILE and a line "PATH FIRST STATUS" a request into LOG
//
//   /NAME             the file
//   /cut/COUNT/NAME   at most COUNT bytes of what is asked for, then the connection breaks
//   /plain/NAME       the whole file, whatever range is asked for
// It ends by itself after two minutes.
#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace {

std::string read_request(int connection) {
    std::string request;
    char piece[4096];
    while (request.find("\r\n\r\n") == std::string::npos && request.size() < 65536) {
        const ssize_t got = ::read(connection, piece, sizeof piece);
        if (got <= 0) return {};
        request.append(piece, static_cast<std::size_t>(got));
    }
    return request;
}

void write_all(int connection, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t put = ::write(connection, text.data() + done, text.size() - done);
        if (put <= 0) return;
        done += static_cast<std::size_t>(put);
    }
}

// The number behind "range: bytes=" (any case), 0 without one.
std::size_t first_byte(std::string request) {
    for (char& c : request)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const std::size_t at = request.find("\r\nrange: bytes=");
    return at == std::string::npos ? 0 : std::strtoul(request.c_str() + at + 15, nullptr, 10);
}

void answer(int connection, const std::string& folder, std::ofstream& log) {
    const std::string request = read_request(connection);
    const std::size_t begin = request.find(' ') + 1, end = request.find(' ', begin);
    if (end == std::string::npos) return;
    const std::string path = request.substr(begin, end - begin);
    std::string name = path.substr(1);
    std::size_t most = std::string::npos, first = first_byte(request);
    if (name.rfind("cut/", 0) == 0) {
        char* rest = nullptr;
        most = std::strtoul(name.c_str() + 4, &rest, 10);
        name = rest + 1;
    }
    const bool plain = name.rfind("plain/", 0) == 0;
    if (plain) name.erase(0, 6);

    std::ifstream file(folder + "/" + name, std::ios::binary);
    std::string body((std::istreambuf_iterator<char>(file)), {});
    const std::size_t size = body.size();
    std::string status = "200 OK", headers;
    if (!file.is_open()) {
        status = "404 Not Found";
        body.clear();
    } else if (first > 0 && !plain && first >= size) {
        status = "416 Range Not Satisfiable";
        headers = "Content-Range: bytes */" + std::to_string(size) + "\r\n";
        body.clear();
    } else if (first > 0 && !plain) {
        status = "206 Partial Content";
        headers = "Content-Range: bytes " + std::to_string(first) + "-" + std::to_string(size - 1) + "/" + std::to_string(size) + "\r\n";
        body.erase(0, first);
    }
    log << path << ' ' << first << ' ' << status.substr(0, 3) << std::endl;
    write_all(connection, "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
                              "\r\nConnection: close\r\n\r\n" + body.substr(0, most));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: file_server FOLDER PORT_FILE LOG\n", stderr);
        return 2;
    }
    ::alarm(120);
    std::signal(SIGPIPE, SIG_IGN);
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener, 8) != 0 ||
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
        std::perror("file_server");
        return 1;
    }
    std::ofstream log(argv[3]);
    const std::string port_file = argv[2];
    std::ofstream(port_file + ".partial") << ntohs(address.sin_port) << '\n';
    std::rename((port_file + ".partial").c_str(), port_file.c_str());
    while (true) {
        const int connection = ::accept(listener, nullptr, nullptr);
        if (connection < 0) continue;
        answer(connection, argv[1], log);
        ::shutdown(connection, SHUT_WR);
        ::close(connection);
    }
}
