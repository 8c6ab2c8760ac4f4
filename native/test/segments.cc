// Sends datagrams as the driver of a network card hands them on: many of one length, the last one possibly
// shorter, in one buffer (UDP_SEGMENT; on loopback a socket with UDP_GRO gets them as they are).
//
//   segments PORT LENGTH SEGMENT [LENGTH SEGMENT ...]
//
// One buffer of LENGTH bytes for each pair, in datagrams of SEGMENT bytes; SEGMENT 0: one datagram of all.
// Byte number i of a buffer is i + i / 256, modulo 256. Ends with an error where the kernel takes none.
#include <arpa/inet.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <vector>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

int main(int argc, char** argv) {
  if (argc < 4 || argc % 2 != 0) return 2;
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(atoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
  for (int i = 2; i < argc; i += 2) {
    std::vector<uint8_t> bytes(static_cast<size_t>(atoi(argv[i])));
    for (size_t at = 0; at < bytes.size(); at++) bytes[at] = static_cast<uint8_t>(at + at / 256);
    const int segment = atoi(argv[i + 1]);
    if (setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment) != 0) {
      perror("UDP_SEGMENT");
      return 1;
    }
    if (send(fd, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
      perror("send");
      return 1;
    }
  }
  return 0;
}
