/* replay.c - runs a fuzz target over files and folders of inputs, where there is no libFuzzer */
#include <ftw.h>
#include <stdio.h>

#include "tests/fuzz/fuzz.h"

static unsigned int runs;

static int replay_file(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	FILE *file;
	uint8_t *data;
	size_t size;

	(void)ftw;
	if (kind != FTW_F)
		return 0;
	size = (size_t)st->st_size;
	/* of the exact size: reading past the end is what the sanitizer shall see */
	data = malloc(size ? size : 1);
	file = fopen(path, "rb");
	if (!data || !file || fread(data, 1, size, file) != size) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	runs++;
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (nftw(argv[i], replay_file, 16, FTW_PHYS) < 0) {
			perror(argv[i]);
			return EXIT_FAILURE;
		}
	}
	printf("%u inputs\n", runs);
	return runs ? EXIT_SUCCESS : EXIT_FAILURE;
}
