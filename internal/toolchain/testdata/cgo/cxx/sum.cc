#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

extern "C" int sum(int n) {
	std::map<int, std::string> m;
	std::thread([&] { for (int i = 0; i < n; i++) m[i] = std::to_string(i); }).join();
	try {
		m.at(n);
	} catch (const std::out_of_range &) {
		std::cout << "caught" << std::endl;
		return m.size() + 1;
	}
	return 0;
}
